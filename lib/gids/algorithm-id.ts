import type { KeyAlgorithm } from '../backend/backend.js';

/** The operation bits of a GIDS algorithm identifier, which stand beside the key's type. */
export const Operation = {
  /** RSA: the raw private operation on a modulus-long input. ECC: ECDSA over the digest given. */
  RAW: 0x00,
  /** Sign what is given as it is. RSA: modulus-long. ECC: ECDSA, as `RAW`. */
  RAW_SIGN: 0x10,
  /** Decrypt and take the PKCS#1 v1.5 padding off. */
  PKCS1_DECRYPT: 0x40,
  /** Put the PKCS#1 v1.5 padding on (any DigestInfo that fits) and sign. */
  PKCS1_SIGN: 0x50,
  /** Decrypt and take the OAEP padding (SHA-1, no label) off. */
  OAEP_DECRYPT: 0x80,
} as const;

const KEY_TYPE_BITS = 0x0f;

/** What a key of an algorithm identifier is. Which of them a card makes is its TPM's matter. */
export type KeyType =
  | { type: 'rsa'; modulusBits: number; name: KeyAlgorithm | undefined }
  | { type: 'ec'; curve: string; name: KeyAlgorithm | undefined };

const KEY_TYPES: ReadonlyMap<number, KeyType> = new Map<number, KeyType>([
  [0x06, { type: 'rsa', modulusBits: 1024, name: 'RSA-1024' }],
  [0x07, { type: 'rsa', modulusBits: 2048, name: 'RSA-2048' }],
  [0x08, { type: 'rsa', modulusBits: 3072, name: 'RSA-3072' }],
  [0x09, { type: 'rsa', modulusBits: 4096, name: undefined }],
  [0x0a, { type: 'ec', curve: 'P-192', name: undefined }],
  [0x0b, { type: 'ec', curve: 'P-224', name: undefined }],
  [0x0c, { type: 'ec', curve: 'P-256', name: 'EC-P256' }],
  [0x0d, { type: 'ec', curve: 'P-384', name: 'EC-P384' }],
  [0x0e, { type: 'ec', curve: 'P-521', name: undefined }],
]);

/** The identifier without its operation bits. */
export function keyTypeBits(algorithmId: number): number {
  return algorithmId & KEY_TYPE_BITS;
}

/** The identifier's operation bits. */
export function operationBits(algorithmId: number): number {
  return algorithmId & ~KEY_TYPE_BITS;
}

/** What the identifier (operation bits or not) says of the key; undefined when it is none. */
export function keyType(algorithmId: number): KeyType | undefined {
  return KEY_TYPES.get(keyTypeBits(algorithmId));
}

/** The identifier of an algorithm of our API, without operation bits. */
export function algorithmId(name: KeyAlgorithm): number {
  for (const [id, type] of KEY_TYPES) if (type.name === name) return id;
  throw new RangeError(`no algorithm identifier for ${name}`);
}

/** Our API's name for the identifier (operation bits or not); undefined for those it has none for. */
export function keyAlgorithm(id: number): KeyAlgorithm | undefined {
  return keyType(id)?.name;
}
