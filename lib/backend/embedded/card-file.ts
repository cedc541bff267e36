import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { VirtualSmartCardError } from '../../errors.js';
import { concatSecret, wipe } from '../../secret.js';
import type { WrappedObject } from '../../tpm/tpm.js';
import { PreparedFile } from './atomic-file.js';
import { type CardRecord, decodeRecord, encodeRecord } from './card-record.js';
import { stateError } from './state-error.js';

/**
 * A card on disk is one file, so that one atomic replacement changes everything of it at once: a
 * line of JSON that anybody may read (the header), a line feed, and the record encrypted by
 * AES-256-GCM with the header authenticated. Its key is derived from two halves that only the TPM
 * holds, so the file tells nothing beside another TPM, and an older copy nothing once the file
 * secret has been replaced.
 */
export interface CardFileHeader {
  format: 'virtual-smartcard card';
  version: 1;
  /** Friendly name, so that a lost card still shows which one it was. */
  name: string;
  /** Name of the storage parent under which the card was made, hexadecimal: which TPM it is. */
  storageParent: string;
  /** NV index of the file secret. */
  fileSecretIndex: number;
  /** All NV indices of the card, the file secret's among them. */
  nvIndexes: number[];
  /** The other half of the file key, sealed by the TPM; base64. */
  sealedFileKey: { publicArea: string; privateArea: string };
}

const LINE_FEED = 0x0a;
const IV_LENGTH = 12;
const TAG_LENGTH = 16;

/**
 * The AES key of a card file: HKDF with SHA-256 and no salt (RFC 5869), its one block written out,
 * since node:crypto's own keeps what it is given until that is garbage-collected.
 */
export function deriveFileKey(sealedHalf: Uint8Array, fileSecret: Uint8Array): Buffer {
  const joined = concatSecret(sealedHalf, fileSecret);
  const extracted = createHmac('sha256', '').update(joined).digest();
  try {
    return createHmac('sha256', extracted).update('virtual-smartcard card file\x01').digest();
  } finally {
    wipe(joined, extracted);
  }
}

/** Writes the card's new file beside the old one. */
export async function prepareCardFile(
  path: string,
  header: CardFileHeader,
  fileKey: Uint8Array,
  record: CardRecord,
): Promise<PreparedFile> {
  const headerLine = Buffer.from(`${JSON.stringify(header)}\n`);
  const iv = randomBytes(IV_LENGTH);
  const cipher = createCipheriv('aes-256-gcm', fileKey, iv).setAAD(headerLine);
  const encrypted = Buffer.concat([cipher.update(encodeRecord(record)), cipher.final()]);
  const content = Buffer.concat([headerLine, iv, cipher.getAuthTag(), encrypted]);
  return PreparedFile.write(path, content);
}

/** A card file that has been read but not yet decrypted. */
export class CardFile {
  readonly header: CardFileHeader;
  readonly #path: string;
  readonly #headerLine: Buffer;
  readonly #body: Buffer;

  private constructor(path: string, headerLine: Buffer, body: Buffer) {
    this.#path = path;
    this.#headerLine = headerLine;
    this.#body = body;
    this.header = parseHeader(path, headerLine);
  }

  /** @throws VirtualSmartCardError `ERR_STATE_CORRUPT`, `ERR_STATE_IO` */
  static async read(path: string): Promise<CardFile> {
    let content: Buffer;
    try {
      content = await readFile(path);
    } catch (error) {
      throw stateError(error, 'read', path);
    }
    const end = content.indexOf(LINE_FEED) + 1;
    if (end === 0 || content.length < end + IV_LENGTH + TAG_LENGTH) throw corrupt(path);
    return new CardFile(path, content.subarray(0, end), content.subarray(end));
  }

  /** @throws VirtualSmartCardError `ERR_STATE_CORRUPT` when the file was altered */
  decrypt(fileKey: Uint8Array): CardRecord {
    const iv = this.#body.subarray(0, IV_LENGTH);
    const tag = this.#body.subarray(IV_LENGTH, IV_LENGTH + TAG_LENGTH);
    const encrypted = this.#body.subarray(IV_LENGTH + TAG_LENGTH);
    try {
      const decipher = createDecipheriv('aes-256-gcm', fileKey, iv, { authTagLength: TAG_LENGTH })
        .setAAD(this.#headerLine)
        .setAuthTag(tag);
      return decodeRecord(Buffer.concat([decipher.update(encrypted), decipher.final()]));
    } catch (error) {
      throw corrupt(this.#path, error);
    }
  }

  get sealedFileKey(): WrappedObject {
    const { publicArea, privateArea } = this.header.sealedFileKey;
    return {
      publicArea: Buffer.from(publicArea, 'base64'),
      privateArea: Buffer.from(privateArea, 'base64'),
    };
  }
}

/** The header's form of a sealed object. */
export function encodeWrapped(object: WrappedObject): CardFileHeader['sealedFileKey'] {
  return {
    publicArea: object.publicArea.toString('base64'),
    privateArea: object.privateArea.toString('base64'),
  };
}

function parseHeader(path: string, line: Buffer): CardFileHeader {
  let header: unknown;
  try {
    header = JSON.parse(line.toString('utf8'));
  } catch (error) {
    throw corrupt(path, error);
  }
  if (!isHeader(header)) throw corrupt(path);
  return header;
}

function isHeader(value: unknown): value is CardFileHeader {
  if (typeof value !== 'object' || value === null) return false;
  const header = value as Partial<Record<keyof CardFileHeader, unknown>>;
  const sealed = header.sealedFileKey as Record<string, unknown> | null | undefined;
  return (
    header.format === 'virtual-smartcard card' &&
    header.version === 1 &&
    typeof header.name === 'string' &&
    typeof header.storageParent === 'string' &&
    Number.isInteger(header.fileSecretIndex) &&
    Array.isArray(header.nvIndexes) &&
    header.nvIndexes.every(Number.isInteger) &&
    typeof sealed === 'object' &&
    sealed !== null &&
    typeof sealed['publicArea'] === 'string' &&
    typeof sealed['privateArea'] === 'string'
  );
}

function corrupt(path: string, cause?: unknown): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_STATE_CORRUPT',
    `The card file ${path} is damaged or of an unknown version. Restore the state directory, or destroy the card.`,
    { cause },
  );
}
