import { keyType, type SignatureAlgorithm } from '../algorithms.js';
import type { KeyAlgorithm } from '../backend/backend.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';

/** How a JWS is signed (RFC 7518, section 3.1): RSA PKCS #1 v1.5, RSA PSS, or ECDSA on P-256 or P-384. */
export type JwsAlgorithm = keyof typeof ALGORITHMS;

const ALGORITHMS = {
  RS256: 'RSA-SHA256',
  RS384: 'RSA-SHA384',
  RS512: 'RSA-SHA512',
  PS256: 'RSA-PSS-SHA256',
  PS384: 'RSA-PSS-SHA384',
  PS512: 'RSA-PSS-SHA512',
  ES256: 'ECDSA-SHA256',
  ES384: 'ECDSA-SHA384',
} as const satisfies Record<string, SignatureAlgorithm>;

/** What a key can do; a curve has one algorithm only. */
function algorithmsOf(key: KeyAlgorithm): JwsAlgorithm[] {
  if (keyType(key) === 'EC') return [key === 'EC-P256' ? 'ES256' : 'ES384'];
  // RFC 7518, sections 3.3 and 3.5: nobody takes a signature of a shorter key.
  return key === 'RSA-1024' ? [] : ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
}

/**
 * The algorithm to sign with, in the words of a JWS and of this library.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_ALGORITHM_NOT_SUPPORTED`
 */
export function jwsAlgorithm(
  asked: JwsAlgorithm | undefined,
  key: KeyAlgorithm,
): { alg: JwsAlgorithm; algorithm: SignatureAlgorithm } {
  const possible = algorithmsOf(key);
  const alg = asked ?? possible[0] ?? 'RS256';
  if (typeof alg !== 'string' || !Object.hasOwn(ALGORITHMS, alg)) {
    const actual = typeof alg === 'string' ? `"${String(alg).slice(0, 80)}"` : describeType(alg);
    throw invalidArgument('algorithm', `one of ${Object.keys(ALGORITHMS).join(', ')}`, actual);
  }
  if (possible.includes(alg)) return { alg, algorithm: ALGORITHMS[alg] };
  const instead = possible.length > 0 ? `It can do ${possible.join(', ')}.` : 'It is too short.';
  throw new VirtualSmartCardError(
    'ERR_ALGORITHM_NOT_SUPPORTED',
    `The key is ${key}, which cannot do ${alg} in a JWS. ${instead}`,
    { parameter: 'algorithm', actual: alg },
  );
}
