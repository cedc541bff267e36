import { createECDH } from 'node:crypto';
import { invalidArgument } from '../errors.js';
import type { ImportedPrivateKey } from '../gids/card-vault.js';
import { wipe } from '../secret.js';
import type { CommandRunner } from './command-runner.js';
import { TPM_ALG_ECC, TPM_ALG_NULL, TPM_ALG_RSA, TPM_CC } from './constants.js';
import { withoutTrailingZeros } from './hmac-session.js';
import { objectName } from './name.js';
import { wrapOuter } from './outer-wrap.js';
import { shareSecret } from './parent-secret.js';
import { importedKeyPublic } from './public-area.js';
import type { StorageParent } from './storage-parent.js';
import type { WrappedObject } from './tpm.js';
import { TpmWriter } from './writer.js';

const NONE = new Uint8Array(0);

/**
 * TPM2_Import (Part 3, 13.3): the key goes in as a duplicate with an outer wrapper for the storage
 * parent (Part 1, 23.3.2.3), so that nobody on the way reads it. The caller holds the turn.
 */
export async function importKey(
  runner: CommandRunner,
  parent: StorageParent,
  key: ImportedPrivateKey,
  authValue: Uint8Array,
): Promise<WrappedObject> {
  const publicArea = importedKeyPublic(key.publicKey);
  const seed = shareSecret(parent.publicKey, 'DUPLICATE');
  const sensitive = encodeSensitive(key, authValue);
  try {
    const duplicate = wrapOuter(sensitive.bytes, objectName(publicArea), seed.secret);
    const parameters = new TpmWriter(2048)
      .sized(NONE)
      .sized(publicArea)
      .sized(duplicate)
      .sized(seed.encrypted)
      .u16(TPM_ALG_NULL);
    const { reader } = await runner.run({
      code: TPM_CC.Import,
      handles: [parent],
      authValue: NONE,
      parameters: parameters.bytes,
    });
    const privateArea = Buffer.from(reader.sized());
    reader.end();
    return { publicArea, privateArea };
  } finally {
    sensitive.wipe();
    wipe(seed.secret);
  }
}

/** The private half must be that of the public one: a TPM would only say that something is wrong. */
export function checkPrivateKey(key: ImportedPrivateKey): void {
  const matches = key.type === 'rsa' ? dividesModulus(key) : isScalarOfPoint(key);
  if (!matches) {
    throw invalidArgument('privateKey', 'a private key that belongs to its public key', 'another');
  }
}

function dividesModulus({ publicKey, prime1 }: ImportedPrivateKey & { type: 'rsa' }): boolean {
  const prime = toBigInt(prime1);
  const isHalfAsLong = 2 * prime1.length === publicKey.modulus.length;
  return isHalfAsLong && prime > 1n && toBigInt(publicKey.modulus) % prime === 0n;
}

function isScalarOfPoint({ publicKey, scalar }: ImportedPrivateKey & { type: 'ec' }): boolean {
  const ecdh = createECDH(publicKey.curve === 'P-256' ? 'prime256v1' : 'secp384r1');
  try {
    ecdh.setPrivateKey(scalar);
  } catch {
    // Zero, or not below the order.
    return false;
  }
  return ecdh.getPublicKey().equals(Buffer.concat([Buffer.of(4), publicKey.x, publicKey.y]));
}

/** TPM2B_SENSITIVE (Part 2, 12.3.2.4): an RSA key is its first prime, an ECC key its scalar. */
function encodeSensitive(key: ImportedPrivateKey, authValue: Uint8Array): TpmWriter {
  return new TpmWriter(512).sizedBy((sensitive) =>
    sensitive
      .u16(key.type === 'rsa' ? TPM_ALG_RSA : TPM_ALG_ECC)
      .sized(withoutTrailingZeros(authValue))
      .sized(NONE)
      .sized(key.type === 'rsa' ? key.prime1 : key.scalar),
  );
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
}
