import { keyType, keyTypeBits } from '../algorithm-id.js';
import { StatusWord } from '../apdu.js';
import type { ElementaryFile, KeyFile } from '../card-state.js';
import { decodeTlv, decodeTlvs, encodeTlv, findTlv } from '../tlv.js';
import { areAccessRules } from './access-rules.js';
import { Refusal } from './refusal.js';

/** File identifier of the application, the card's one DF. */
export const APPLICATION = 0x3fff;
/** EF.ATR/INFO: what the card can do. */
export const CARD_INFO_FILE = 0x2f01;
/** The admin key's file. The card has it always, since it has an admin key always. */
export const ADMIN_KEY_FILE = 0xb080;
export const ADMIN_KEY_REFERENCE = 0x80;

/** Key references that a key may have: one for each of 30 containers. */
const FIRST_KEY_REFERENCE = 0x81;
const LAST_KEY_REFERENCE = 0x9e;

/** File descriptor bytes. */
const DIRECTORY = 0x38;
const OBJECT_FILE = 0x39;
const KEY_FILE = 0x18;

/** Tags in a file control parameter template (ISO/IEC 7816-4, 5.3.3). */
const Fcp = { TEMPLATE: 0x62, DESCRIPTOR: 0x82, IDENTIFIER: 0x83, RULES: 0x8c, KEY: 0xa5 } as const;
/** Control reference templates in the proprietary part, and the algorithm identifier in them. */
const Crt = { CONFIDENTIALITY: 0xb8, SIGNATURE: 0xb6, ALGORITHM: 0x80 } as const;

/** What CREATE FILE asks for. */
export type FileRequest =
  | { type: 'elementary'; fileId: number; file: ElementaryFile }
  | { type: 'key'; fileId: number; keyReference: number; file: KeyFile }
  | { type: 'adminKey'; fileId: number };

/** Whether the file identifier is that of a key file. */
export function isKeyFileId(fileId: number): boolean {
  return fileId >> 8 === 0xb0;
}

/**
 * What the file control parameters of CREATE FILE ask for.
 *
 * @throws TlvError or Refusal when they are not those of a file that a GIDS card has
 */
export function decodeFileControl(data: Uint8Array): FileRequest {
  const objects = decodeTlvs(decodeTlv(Fcp.TEMPLATE, data));
  const descriptor = findTlv(objects, Fcp.DESCRIPTOR)?.[0];
  const fileId = decodeFileId(findTlv(objects, Fcp.IDENTIFIER));
  const rules = findTlv(objects, Fcp.RULES);
  if (fileId === undefined || !rules || !areAccessRules(rules)) throw wrongData();
  const accessRules = Uint8Array.from(rules);
  if (descriptor === OBJECT_FILE && fileId >> 8 === 0xa0) {
    return {
      type: 'elementary',
      fileId,
      file: { accessRules, activated: false, objects: new Map() },
    };
  }
  if (descriptor !== KEY_FILE || !isKeyFileId(fileId)) throw wrongData();
  if (fileId === ADMIN_KEY_FILE) return { type: 'adminKey', fileId };
  const keyReference = fileId & 0xff;
  if (keyReference < FIRST_KEY_REFERENCE) throw wrongData();
  if (keyReference > LAST_KEY_REFERENCE) throw new Refusal(StatusWord.NOT_ENOUGH_MEMORY);
  const key = decodeKeyUse(findTlv(objects, Fcp.KEY));
  const file = { ...key, accessRules, activated: false, keyPair: undefined };
  return { type: 'key', fileId, keyReference, file };
}

/** A file identifier from its two bytes; undefined when they are not two. */
export function decodeFileId(bytes: Uint8Array | undefined): number | undefined {
  const [high, low] = bytes ?? [];
  if (high === undefined || low === undefined || bytes?.length !== 2) return undefined;
  return (high << 8) | low;
}

/** The file control parameters that SELECT answers. */
export function encodeFileControl(fileId: number, accessRules: Uint8Array): Buffer {
  const descriptor =
    fileId === APPLICATION ? DIRECTORY : isKeyFileId(fileId) ? KEY_FILE : OBJECT_FILE;
  return encodeTlv(
    Fcp.TEMPLATE,
    encodeTlv(Fcp.DESCRIPTOR, Uint8Array.of(descriptor)),
    encodeTlv(Fcp.IDENTIFIER, Uint8Array.of(fileId >> 8, fileId & 0xff)),
    encodeTlv(Fcp.RULES, accessRules),
  );
}

/**
 * The key's type and what it is for. The templates' key references are not looked at: OpenSC writes
 * a wrong one for signature keys.
 */
function decodeKeyUse(templates: Uint8Array | undefined): Pick<KeyFile, 'algorithm' | 'usage'> {
  const usage = { confidentiality: false, signature: false };
  let algorithm: number | undefined;
  for (const template of decodeTlvs(templates ?? new Uint8Array(0))) {
    if (template.tag === Crt.CONFIDENTIALITY) usage.confidentiality = true;
    else if (template.tag === Crt.SIGNATURE) usage.signature = true;
    else throw wrongData();
    const [id, ...more] = findTlv(decodeTlvs(template.value), Crt.ALGORITHM) ?? [];
    if (id === undefined || more.length > 0) throw wrongData();
    algorithm ??= keyTypeBits(id);
    if (algorithm !== keyTypeBits(id)) throw wrongData();
  }
  if (algorithm === undefined || !keyType(algorithm)) throw wrongData();
  return { algorithm, usage };
}

function wrongData(): Refusal {
  return new Refusal(StatusWord.WRONG_DATA);
}
