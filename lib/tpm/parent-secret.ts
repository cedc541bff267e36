import { constants, createECDH, createPublicKey, publicEncrypt } from 'node:crypto';
import type { PublicKey } from '../gids/card-state.js';
import { randomSecret, wipe } from '../secret.js';
import { kdfe } from './kdf.js';
import { TpmWriter } from './writer.js';

/** A fresh secret, and what of it only the holder of the parent's private key can read. */
export interface SharedSecret {
  /** 32 bytes, for the caller to wipe. */
  secret: Buffer;
  /** Content of the TPM2B_ENCRYPTED_SECRET. */
  encrypted: Buffer;
}

/**
 * Shares a secret with a storage parent or endorsement key (Part 1, annexes B.10 and C.6): by
 * RSA-OAEP, or by ECDH with a key made for it. `SECRET` salts a session, `DUPLICATE` is the seed
 * around an imported key, `IDENTITY` that around a credential.
 */
export function shareSecret(
  parent: PublicKey,
  label: 'SECRET' | 'DUPLICATE' | 'IDENTITY',
): SharedSecret {
  return parent.type === 'rsa' ? shareByRsa(parent, label) : shareByEcdh(parent, label);
}

function shareByRsa(parent: PublicKey & { type: 'rsa' }, label: string): SharedSecret {
  const secret = randomSecret(32);
  const key = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: Buffer.from(parent.modulus).toString('base64url'),
      e: Buffer.from(parent.exponent).toString('base64url'),
    },
  });
  const oaep = {
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: 'sha256',
    oaepLabel: Buffer.from(`${label}\0`),
  };
  return { secret, encrypted: publicEncrypt({ key, ...oaep }, secret) };
}

function shareByEcdh(parent: PublicKey & { type: 'ec' }, label: string): SharedSecret {
  const ephemeral = createECDH(parent.curve === 'P-256' ? 'prime256v1' : 'secp384r1');
  const point = ephemeral.generateKeys();
  const size = (point.length - 1) / 2;
  const x = point.subarray(1, 1 + size);
  const y = point.subarray(1 + size);
  const z = ephemeral.computeSecret(Buffer.concat([Buffer.of(4), parent.x, parent.y]));
  try {
    const encrypted = new TpmWriter(128).sized(x).sized(y).bytes;
    return { secret: kdfe(z, label, x, parent.x), encrypted };
  } finally {
    wipe(z);
  }
}
