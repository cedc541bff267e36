import { hash, KeyObject } from 'node:crypto';
import { checkText } from '../arguments.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import type { VirtualSmartCardKey } from '../key.js';
import { wireMpint, wireString } from './wire.js';

/** A public key as OpenSSH has it. */
export interface SshPublicKey {
  /** `ssh-rsa`, `ecdsa-sha2-nistp256` or `ecdsa-sha2-nistp384`. */
  type: string;
  /** The key in the wire format of RFC 4253, section 6.6, and RFC 5656, section 3.1. */
  blob: Buffer;
  /** What stands behind the key in `line`; may be empty. */
  comment: string;
  /** The line for `authorized_keys`, without its end. */
  line: string;
  /** `SHA256:` and the hash, as `ssh-keygen -l` shows it. */
  fingerprint: string;
}

/** By the curve's name in a JWK (RFC 7518, section 6.2.1.1). */
const CURVES: Readonly<Record<string, string>> = { 'P-256': 'nistp256', 'P-384': 'nistp384' };

const MAX_COMMENT_LENGTH = 1024;

/**
 * The public key for `authorized_keys` and for everything else that speaks OpenSSH's format. It needs
 * no PIN.
 *
 * @param key - of a card, or node:crypto's public key
 * @param comment - what stands behind it; default the container's name
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_ALGORITHM_NOT_SUPPORTED` (no RSA key and
 * not on P-256 or P-384)
 * @example
 * ```ts
 * const { line, fingerprint } = sshPublicKey(await card.key('ssh'), 'alice on her card');
 * ```
 */
export function sshPublicKey(key: VirtualSmartCardKey | KeyObject, comment?: string): SshPublicKey {
  const publicKey = key instanceof KeyObject ? key : key?.publicKey;
  if (!(publicKey instanceof KeyObject) || publicKey.type !== 'public') {
    throw invalidArgument('key', "a card's key or a public KeyObject", describeType(key));
  }
  const text = comment ?? (key instanceof KeyObject ? '' : key.container);
  // In a line of authorized_keys a line break would begin another key.
  if (text !== '') checkText(text, 'comment', MAX_COMMENT_LENGTH);
  const { type, blob } = encode(publicKey);
  const base64 = blob.toString('base64');
  return {
    type,
    blob,
    comment: text,
    line: text === '' ? `${type} ${base64}` : `${type} ${base64} ${text}`,
    fingerprint: `SHA256:${hash('sha256', blob, 'base64').replace(/=+$/, '')}`,
  };
}

function encode(key: KeyObject): { type: string; blob: Buffer } {
  const kind = key.asymmetricKeyType;
  if (kind !== 'rsa' && kind !== 'ec') throw notSupported(kind);
  const { n = '', e = '', crv = '', x = '', y = '' } = key.export({ format: 'jwk' });
  if (kind === 'rsa') {
    const blob = Buffer.concat([
      wireString('ssh-rsa'),
      wireMpint(fromBase64(e)),
      wireMpint(fromBase64(n)),
    ]);
    return { type: 'ssh-rsa', blob };
  }
  const curve = CURVES[crv];
  if (curve === undefined) throw notSupported(crv);
  const type = `ecdsa-sha2-${curve}`;
  const point = Buffer.concat([Uint8Array.of(UNCOMPRESSED), fromBase64(x), fromBase64(y)]);
  return { type, blob: Buffer.concat([wireString(type), wireString(curve), wireString(point)]) };
}

/** First byte of a point that is given by both its coordinates (SEC 1, section 2.3.3). */
const UNCOMPRESSED = 0x04;

function notSupported(kind: string | undefined): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_ALGORITHM_NOT_SUPPORTED',
    `The key is ${kind}; as a key of OpenSSH it has to be RSA, or ECC on P-256 or P-384.`,
    { parameter: 'key' },
  );
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}
