import { createHmac, timingSafeEqual } from 'node:crypto';
import { id_data, id_encryptedData } from '@peculiar/asn1-cms';
import {
  AuthenticatedSafe,
  CertBag,
  id_certBag,
  id_keyBag,
  id_pkcs8ShroudedKeyBag,
  id_x509Certificate,
  type MacData,
  PFX,
  PKCS8ShroudedKeyBag,
  type SafeBag,
  SafeContents,
} from '@peculiar/asn1-pfx';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { concatSecret, wipe } from '../secret.js';
import { decryptByPassword, MAX_PKCS12_ITERATIONS, type PfxPassword } from './decrypt.js';
import { EncryptedData } from './encrypted-data.js';
import { PfxError, PfxPasswordError } from './pfx-error.js';
import { Pkcs12Purpose, pkcs12Key } from './pkcs12-key.js';

/** What a PFX holds. The caller wipes the keys. */
export interface PfxContents {
  /** PKCS #8 DER of each. */
  keys: Buffer[];
  /** DER of each. */
  certificates: Buffer[];
}

/** Hashes of the MAC by object identifier. */
const MAC_HASHES: Record<string, string> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/**
 * Keys and certificates of a PFX (PKCS #12, RFC 7292). Its MAC is checked before anything else is read.
 *
 * @throws PfxPasswordError, PfxError
 */
export async function readPfx(bytes: Uint8Array, password: PfxPassword): Promise<PfxContents> {
  const { authSafe, macData } = parsed(bytes, PFX);
  if (authSafe.contentType !== id_data)
    throw new PfxError('it is signed, not protected by a password');
  const safe = octets(authSafe.content);
  if (!macData) throw new PfxError('it has no MAC, so that nothing tells whether it is whole');
  checkMac(safe, macData, password.utf16);
  const contents: PfxContents = { keys: [], certificates: [] };
  try {
    for (const { contentType, content } of parsed(safe, AuthenticatedSafe)) {
      if (contentType === id_data) await readBags(octets(content), password, contents);
      else if (contentType === id_encryptedData) await readEncrypted(content, password, contents);
    }
    return contents;
  } catch (error) {
    wipe(...contents.keys);
    throw error;
  }
}

/** The MAC is made with the password alone: if it is wrong, so is the password, or the file is damaged. */
function checkMac(safe: Buffer, { mac, macSalt, iterations }: MacData, password: Buffer): void {
  const hash = MAC_HASHES[mac.digestAlgorithm.algorithm];
  if (hash === undefined) {
    throw new PfxError(`its MAC is made by ${mac.digestAlgorithm.algorithm}, which is not known`);
  }
  if (iterations < 1 || iterations > MAX_PKCS12_ITERATIONS) {
    throw new PfxError(`its MAC is made in more than ${MAX_PKCS12_ITERATIONS} rounds, or in none`);
  }
  const expected = Buffer.from(mac.digest.buffer);
  // Without a password some programs derive from nothing, others from the two zero bytes at its end.
  const forms = password.length === 2 ? [password, Buffer.alloc(0)] : [password];
  const isRight = forms.some((form) => {
    const derivation = { hash, password: form, salt: Buffer.from(macSalt.buffer), iterations };
    const key = pkcs12Key(derivation, Pkcs12Purpose.MAC, expected.length);
    const made = createHmac(hash, key).update(safe).digest();
    wipe(key);
    return made.length === expected.length && timingSafeEqual(made, expected);
  });
  if (!isRight) throw new PfxPasswordError('the password is wrong, or the file is damaged');
}

async function readEncrypted(
  content: ArrayBuffer,
  password: PfxPassword,
  into: PfxContents,
): Promise<void> {
  const { encryptedContentInfo } = parsed(Buffer.from(content), EncryptedData);
  const { contentEncryptionAlgorithm: algorithm, encryptedContent } = encryptedContentInfo;
  const parts = encryptedContent?.value
    ? [encryptedContent.value]
    : encryptedContent?.constructedValue;
  const ciphertext = Buffer.concat((parts ?? []).map(({ buffer }) => Buffer.from(buffer)));
  const plain = await decryptByPassword(algorithm, ciphertext, password);
  try {
    await readBags(plain, password, into);
  } finally {
    wipe(plain);
  }
}

async function readBags(der: Buffer, password: PfxPassword, into: PfxContents): Promise<void> {
  for (const bag of parsed(der, SafeContents)) await readBag(bag, password, into);
}

async function readBag(
  { bagId, bagValue }: SafeBag,
  password: PfxPassword,
  { keys, certificates }: PfxContents,
): Promise<void> {
  const value = Buffer.from(bagValue);
  if (bagId === id_keyBag) {
    keys.push(concatSecret(value));
    wipe(value);
  } else if (bagId === id_pkcs8ShroudedKeyBag) {
    const { encryptionAlgorithm, encryptedData } = parsed(value, PKCS8ShroudedKeyBag);
    const ciphertext = Buffer.from(encryptedData.buffer);
    keys.push(await decryptByPassword(encryptionAlgorithm, ciphertext, password));
  } else if (bagId === id_certBag) {
    const { certId, certValue } = parsed(value, CertBag);
    if (certId === id_x509Certificate) certificates.push(octets(certValue));
  }
}

function octets(der: ArrayBuffer): Buffer {
  return Buffer.from(parsed(Buffer.from(der), OctetString).buffer);
}

function parsed<T>(der: Uint8Array, type: new () => T): T {
  try {
    return AsnConvert.parse(der, type);
  } catch {
    // The cause is left out: it may tell of the content.
    throw new PfxError('it is not PKCS #12 (RFC 7292), or damaged');
  }
}
