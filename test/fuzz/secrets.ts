import { createCipheriv, createDecipheriv } from 'node:crypto';

/** A card's secrets as they are now. */
export interface CardSecrets {
  pin: Buffer;
  puk: Buffer | undefined;
  adminKey: Buffer;
}

const ALGORITHM = 'des-ede3-cbc';
const NO_VECTOR = Buffer.alloc(8);

/** What whoever has the admin key answers to a challenge of the external authentication. */
export function respondTo(challenge: Uint8Array, adminKey: Uint8Array): Buffer {
  const cipher = createCipheriv(ALGORITHM, adminKey, NO_VECTOR).setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}

/** The inverse, by which a host's response is looked into. */
export function lookInto(response: Uint8Array, adminKey: Uint8Array): Buffer {
  const decipher = createDecipheriv(ALGORITHM, adminKey, NO_VECTOR).setAutoPadding(false);
  return Buffer.concat([decipher.update(response), decipher.final()]);
}
