import type { InfEntry } from './inf-syntax.js';
import { bitsValue } from './inf-values.js';

/** What a certified key may be used for: the bits of the KeyUsage extension (RFC 5280, 4.2.1.3). */
export type KeyUsage = (typeof USAGES)[number]['name'];

/** By X.509 bit; `inf` is the number and `symbol` the word that INF texts have for it. */
const USAGES = [
  { name: 'digitalSignature', inf: 0x80, symbol: 'CERT_DIGITAL_SIGNATURE_KEY_USAGE' },
  { name: 'nonRepudiation', inf: 0x40, symbol: 'CERT_NON_REPUDIATION_KEY_USAGE' },
  { name: 'keyEncipherment', inf: 0x20, symbol: 'CERT_KEY_ENCIPHERMENT_KEY_USAGE' },
  { name: 'dataEncipherment', inf: 0x10, symbol: 'CERT_DATA_ENCIPHERMENT_KEY_USAGE' },
  { name: 'keyAgreement', inf: 0x08, symbol: 'CERT_KEY_AGREEMENT_KEY_USAGE' },
  { name: 'keyCertSign', inf: 0x04, symbol: 'CERT_KEY_CERT_SIGN_KEY_USAGE' },
  { name: 'cRLSign', inf: 0x02, symbol: 'CERT_CRL_SIGN_KEY_USAGE' },
  { name: 'encipherOnly', inf: 0x01, symbol: 'CERT_ENCIPHER_ONLY_KEY_USAGE' },
  { name: 'decipherOnly', inf: 0x8000, symbol: 'CERT_DECIPHER_ONLY_KEY_USAGE' },
] as const;

const SYMBOLS: ReadonlyMap<string, number> = new Map([
  ...USAGES.map(({ symbol, inf }): [string, number] => [symbol, inf]),
  // Windows' older word for CRL signing.
  ['CERT_OFFLINE_CRL_SIGN_KEY_USAGE', 0x02],
]);

/** All usages. */
export const KEY_USAGES: readonly KeyUsage[] = USAGES.map(({ name }) => name);

/** A KeyUsage value: a hexadecimal number (`0xa0`), symbols, or both, joined by `|`. */
export function keyUsageValue(entry: InfEntry): KeyUsage[] {
  const bits = bitsValue(entry, SYMBOLS);
  return USAGES.filter(({ inf }) => (bits & inf) !== 0).map(({ name }) => name);
}

/** The number that an INF text has for usages. */
export function keyUsageBits(usages: readonly KeyUsage[]): number {
  return USAGES.reduce((bits, { name, inf }) => (usages.includes(name) ? bits | inf : bits), 0);
}

/** The usages as the extension numbers them: bit 0 is digitalSignature. */
export function keyUsageFlags(usages: readonly KeyUsage[]): number {
  return USAGES.reduce((flags, { name }, bit) => flags | (usages.includes(name) ? 1 << bit : 0), 0);
}

/** The usages that the extension's number has, in order of their bits. */
export function keyUsagesOf(flags: number): KeyUsage[] {
  return USAGES.filter((_usage, bit) => (flags & (1 << bit)) !== 0).map(({ name }) => name);
}
