import { createDecipheriv, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { objectIdentifier } from '../enroll/der.js';
import { decodeTlvs, type Tlv } from '../gids/tlv.js';
import { allocateSecret, wipe } from '../secret.js';
import { PfxError } from './pfx-error.js';
import { Pkcs12Purpose, pkcs12Key } from './pkcs12-key.js';
import { decryptRc2 } from './rc2.js';

/** A password in the two forms in which it is used. The caller wipes both. */
export interface PfxPassword {
  /** For PBKDF2. */
  utf8: Buffer;
  /** For the derivation of PKCS #12. */
  utf16: Buffer;
}

/** Slow enough for a hostile file to stop nothing, and far above what files have. */
export const MAX_PKCS12_ITERATIONS = 1_000_000;
const MAX_PBKDF2_ITERATIONS = 10_000_000;

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
/** pbeWithSHAAnd… of RFC 7292, appendix C. */
const PKCS12_CIPHERS: Record<string, { cipher: string; keyLength: number }> = {
  '1.2.840.113549.1.12.1.3': { cipher: 'des-ede3-cbc', keyLength: 24 },
  '1.2.840.113549.1.12.1.4': { cipher: 'des-ede-cbc', keyLength: 16 },
  '1.2.840.113549.1.12.1.5': { cipher: 'rc2', keyLength: 16 },
  '1.2.840.113549.1.12.1.6': { cipher: 'rc2', keyLength: 5 },
};
const PBES2_CIPHERS = byObjectIdentifier({
  '2.16.840.1.101.3.4.1.2': { cipher: 'aes-128-cbc', keyLength: 16 },
  '2.16.840.1.101.3.4.1.22': { cipher: 'aes-192-cbc', keyLength: 24 },
  '2.16.840.1.101.3.4.1.42': { cipher: 'aes-256-cbc', keyLength: 32 },
  '1.2.840.113549.3.7': { cipher: 'des-ede3-cbc', keyLength: 24 },
});
const PSEUDO_RANDOM_FUNCTIONS = byObjectIdentifier({
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
});

/**
 * What was encrypted by a password: PBES2 (RFC 8018, 6.2) or the encryption of PKCS #12 (RFC 7292,
 * appendix C). The caller wipes it.
 *
 * @throws PfxError
 */
export async function decryptByPassword(
  { algorithm, parameters }: AlgorithmIdentifier,
  ciphertext: Uint8Array,
  password: PfxPassword,
): Promise<Buffer> {
  const values = new Values(Buffer.from(parameters ?? new ArrayBuffer(0)));
  const old = PKCS12_CIPHERS[algorithm];
  if (old) return decryptByPkcs12(values, old, ciphertext, password.utf16);
  if (algorithm === PBES2) return decryptByPbes2(values, ciphertext, password.utf8);
  throw new PfxError(`it is encrypted by ${algorithm}, which this library does not know`);
}

function decryptByPkcs12(
  parameters: Values,
  { cipher, keyLength }: { cipher: string; keyLength: number },
  ciphertext: Uint8Array,
  password: Buffer,
): Buffer {
  const sequence = parameters.sequence();
  const salt = sequence.octets();
  const iterations = sequence.integer(MAX_PKCS12_ITERATIONS);
  const derivation = { hash: 'sha1', password, salt, iterations };
  const key = pkcs12Key(derivation, Pkcs12Purpose.KEY, keyLength);
  const iv = pkcs12Key(derivation, Pkcs12Purpose.IV, 8);
  try {
    return decipher(cipher, { key, iv }, ciphertext);
  } finally {
    wipe(key, iv);
  }
}

async function decryptByPbes2(
  parameters: Values,
  ciphertext: Uint8Array,
  password: Buffer,
): Promise<Buffer> {
  const sequence = parameters.sequence();
  const derivation = sequence.sequence();
  const encryption = sequence.sequence();
  if (!derivation.next(0x06).equals(objectIdentifier(PBKDF2).subarray(2))) {
    throw new PfxError('its key is derived otherwise than by PBKDF2');
  }
  const pbkdf2Parameters = derivation.sequence();
  const salt = pbkdf2Parameters.octets();
  const iterations = pbkdf2Parameters.integer(MAX_PBKDF2_ITERATIONS);
  pbkdf2Parameters.optional(0x02);
  const hash = pbkdf2Parameters.optionalSequence()?.known(PSEUDO_RANDOM_FUNCTIONS) ?? 'sha1';
  const { cipher, keyLength } = encryption.known(PBES2_CIPHERS);
  const iv = encryption.octets();
  const key = await promisify(pbkdf2)(password, salt, iterations, keyLength, hash);
  try {
    return decipher(cipher, { key, iv }, ciphertext);
  } finally {
    wipe(key);
  }
}

function decipher(
  cipher: string,
  { key, iv }: { key: Buffer; iv: Buffer },
  ciphertext: Uint8Array,
): Buffer {
  try {
    if (cipher === 'rc2') return decryptRc2(key, iv, ciphertext);
    // Two-key triple DES is three-key triple DES whose third key is the first.
    const isTwoKeys = cipher === 'des-ede-cbc';
    const name = isTwoKeys ? 'des-ede3-cbc' : cipher;
    const keys = isTwoKeys ? allocateSecret(24) : key;
    if (isTwoKeys) for (let at = 0; at < 24; at++) keys[at] = key[at % 16] ?? 0;
    const deciphering = createDecipheriv(name, keys, iv);
    const first = deciphering.update(ciphertext);
    const last = deciphering.final();
    const plain = allocateSecret(first.length + last.length);
    plain.set(first);
    plain.set(last, first.length);
    wipe(first, last);
    if (isTwoKeys) wipe(keys);
    return plain;
  } catch {
    // The cause is left out: OpenSSL's text may tell of the content.
    throw new PfxError('a part of it cannot be decrypted: it is damaged, or has another password');
  }
}

/** DER values one after the other. */
class Values {
  readonly #values: Tlv[];

  constructor(der: Uint8Array) {
    this.#values = decodeTlvs(der);
  }

  next(tag: number): Buffer {
    const value = this.optional(tag);
    if (value) return value;
    throw new PfxError('the parameters of its encryption are not those of RFC 8018 or RFC 7292');
  }

  optional(tag: number): Buffer | undefined {
    if (this.#values[0]?.tag !== tag) return undefined;
    return Buffer.from(this.#values.shift()?.value ?? []);
  }

  sequence(): Values {
    return new Values(this.next(0x30));
  }

  optionalSequence(): Values | undefined {
    const value = this.optional(0x30);
    return value && new Values(value);
  }

  octets(): Buffer {
    return this.next(0x04);
  }

  integer(max: number): number {
    const bytes = this.next(0x02);
    const value = bytes.length <= 6 ? bytes.readUIntBE(0, bytes.length) : Number.POSITIVE_INFINITY;
    if (value >= 1 && value <= max) return value;
    throw new PfxError(`its key is derived in more than ${max} rounds, or in none`);
  }

  known<T>(entries: ReadonlyMap<string, T>): T {
    const found = entries.get(this.next(0x06).toString('hex'));
    if (found !== undefined) return found;
    throw new PfxError('it is encrypted in a way that this library does not know');
  }
}

function byObjectIdentifier<T>(entries: Record<string, T>): ReadonlyMap<string, T> {
  return new Map(
    Object.entries(entries).map(([oid, value]) => [
      objectIdentifier(oid).subarray(2).toString('hex'),
      value,
    ]),
  );
}
