import { randomBytes } from 'node:crypto';
import { addon, KeyLab, PIN } from './key-lab.js';

/** CRYPT_SILENT, CRYPT_DEFAULT_CONTAINER_OPTIONAL. */
export const SILENT = 0x40;
export const DEFAULT_OPTIONAL = 0x80;
/** PP_KEYEXCHANGE_PIN. */
export const KEYEXCHANGE_PIN = 32;

export const RSA = { algorithm: 'RSA', bits: 2048 } as const;

// What the double records of the calls that every operation has.

export const given = (parameter = KEYEXCHANGE_PIN) => ({
  call: 'CPSetProvParam',
  arguments: { parameter, isNull: false },
});
export const dropped = (parameter = KEYEXCHANGE_PIN) => ({
  call: 'CPSetProvParam',
  arguments: { parameter, isNull: true },
});
export const released = () => ({
  call: 'CPReleaseContext',
  arguments: { contexts: 1, keys: 0, hashes: 0 },
});

export function acquired(lab: KeyLab, container: string, flags = 0) {
  return {
    call: 'CPAcquireContext',
    arguments: { container: `\\\\.\\${lab.readers[0]}\\${container}`, flags: SILENT + flags },
  };
}

/** A card with an RSA key, and what signs with it. */
export async function withKey(keySpec: 1 | 2 = 1) {
  const lab = await KeyLab.fresh('csp');
  await lab.make({ ...RSA, keySpec });
  const request = { ...lab.key(), padding: 'pkcs1', hashName: 'SHA256' } as const;
  const hash = randomBytes(32);
  return { lab, request, sign: (pin = PIN) => addon.signHash(request, hash, pin).result };
}
