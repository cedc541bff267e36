import { randomBytes } from 'node:crypto';
import { addon, type KeyLab, PIN } from './key-lab.js';

export const HASH = randomBytes(32);
export const RSA = { algorithm: 'RSA', bits: 2048, keySpec: 1 } as const;

const CERTIFICATE = Buffer.concat([Buffer.from([0x30, 0x82, 1, 0]), randomBytes(256)]);

/** Each operation on the keys of a card, with arguments that are in order. */
export function keyOperations(padding: 'none' | 'pkcs1') {
  return {
    list: (lab: KeyLab) => addon.listKeys(lab.card()),
    create: (lab: KeyLab) => addon.createKey({ ...lab.key('New'), ...RSA }, PIN),
    publicKey: (lab: KeyLab) => addon.readPublicKey(lab.key()),
    sign: (lab: KeyLab) => addon.signHash({ ...lab.key(), padding, hashName: 'SHA256' }, HASH, PIN),
    decrypt: (lab: KeyLab) =>
      addon.decrypt({ ...lab.key(), padding: 'oaep', hashName: 'SHA1' }, randomBytes(256), PIN),
    certificate: (lab: KeyLab) => addon.readCertificate(lab.key()),
    setCertificate: (lab: KeyLab) => addon.writeCertificate(lab.key(), CERTIFICATE, PIN),
    delete: (lab: KeyLab) => addon.deleteKey(lab.key(), PIN),
  };
}
