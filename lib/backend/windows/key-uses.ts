import { VirtualSmartCardError } from '../../errors.js';
import type { PublicKey } from '../../gids/card-state.js';
import { isBelowModulus } from '../../gids/key-operations.js';
import { DIGEST_LENGTHS } from '../../gids/rsa-padding.js';
import type { DecryptionScheme, SignatureScheme } from '../backend.js';
import type { KeyRoute } from './key-routes.js';

/** AT_SIGNATURE. */
const SIGNATURE_ONLY = 2;

/**
 * Checks before a try at the PIN is spent that a key can sign so.
 *
 * @throws VirtualSmartCardError `ERR_ALGORITHM_NOT_SUPPORTED`
 */
export function requireSigns(route: KeyRoute, key: PublicKey, scheme: SignatureScheme): void {
  const what = `${scheme.type.toUpperCase()} with ${scheme.hash}`;
  if ((scheme.type === 'ecdsa') !== (key.type === 'ec')) throw notForKey(route, what);
  if (scheme.type !== 'pss' || key.type !== 'rsa') return;
  if (route.provider === 'csp') throw onlyByLegacyProvider(route, 'PSS');
  // RFC 8017, 9.1.1: a hash, a salt of its length, and two bytes.
  const room = key.modulus.length - 2;
  if (2 * DIGEST_LENGTHS[scheme.hash] > room) throw notForKey(route, what);
}

/**
 * The same of a decryption.
 *
 * @throws VirtualSmartCardError `ERR_ALGORITHM_NOT_SUPPORTED`, `ERR_DECRYPTION_FAILED` for what is no
 * ciphertext of the key
 */
export function requireDecrypts(
  route: KeyRoute,
  key: PublicKey,
  scheme: DecryptionScheme,
  ciphertext: Uint8Array,
): void {
  if (key.type !== 'rsa') throw notForKey(route, 'decryption');
  if (route.keySpec === SIGNATURE_ONLY) {
    throw notForKey(route, 'decryption: it was made for signatures only');
  }
  if (route.provider === 'csp' && scheme.type === 'oaep' && scheme.hash !== 'SHA1') {
    throw onlyByLegacyProvider(route, `OAEP with ${scheme.hash}`);
  }
  if (isBelowModulus(ciphertext, key)) return;
  throw new VirtualSmartCardError(
    'ERR_DECRYPTION_FAILED',
    'The ciphertext does not belong to the key, or is damaged.',
  );
}

function notForKey({ container }: KeyRoute, what: string): VirtualSmartCardError {
  const message = `The key of container "${container}" cannot do ${what}.`;
  return new VirtualSmartCardError('ERR_ALGORITHM_NOT_SUPPORTED', message);
}

function onlyByLegacyProvider({ container }: KeyRoute, what: string): VirtualSmartCardError {
  const message = `Only the Microsoft Base Smart Card Crypto Provider lists the key of container "${container}", and it has no ${what}. Use PKCS #1 v1.5, or a key of the Smart Card Key Storage Provider.`;
  return new VirtualSmartCardError('ERR_ALGORITHM_NOT_SUPPORTED', message);
}
