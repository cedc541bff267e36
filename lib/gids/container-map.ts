import { describeType, invalidArgument } from '../errors.js';
import { CONTAINER_LIMIT } from './file-ids.js';
import { withoutEmptyEnd } from './record-file.js';
import { cardResponseError } from './status-error.js';

/** One record of the container map (CONTAINER_MAP_RECORD of Cardmod.h). */
export interface ContainerMapRecord {
  /** 1 to 39 UTF-16 units. */
  name: string;
  isDefault: boolean;
  /** Bits of the key under AT_SIGNATURE; 0 when there is none. */
  signatureBits: number;
  /** Bits of the key under AT_KEYEXCHANGE; 0 when there is none. */
  keyExchangeBits: number;
}

/** The map (mscp\cmapfile, A010/DF23): a container's index is its place; undefined where there is none. */
export type ContainerMap = (ContainerMapRecord | undefined)[];

const RECORD_LENGTH = 86;
const NAME_UNITS = 40;
const FLAGS_OFFSET = NAME_UNITS * 2;
const FLAG_VALID = 1;
const FLAG_DEFAULT = 2;

/**
 * Other programs may give several containers one name (OpenSC takes a label twice), and here
 * containers are told apart by name. The first keeps it; those after it are called by their index as
 * well: "mail (1)".
 *
 * @throws VirtualSmartCardError `ERR_CARD_RESPONSE` when the bytes are not a container map
 */
export function decodeContainerMap(bytes: Uint8Array): ContainerMap {
  if (bytes.length % RECORD_LENGTH !== 0) {
    throw cardResponseError(`its container map of ${bytes.length} bytes is damaged`);
  }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const map: ContainerMap = [];
  for (let offset = 0; offset < view.length; offset += RECORD_LENGTH) {
    map.push(decodeRecord(view.subarray(offset, offset + RECORD_LENGTH)));
  }
  tellApart(map);
  return map;
}

/** The lowest index without a container; undefined when all of a card's are taken. */
export function freeContainerIndex(map: ContainerMap): number | undefined {
  for (let index = 0; index < CONTAINER_LIMIT; index++) if (!map[index]) return index;
  return undefined;
}

/**
 * The map's bytes with the container of one index put in its place, or with `undefined` taken out.
 * The other records keep every bit, whoever wrote them.
 */
export function withContainer(
  bytes: Uint8Array,
  index: number,
  record: ContainerMapRecord | undefined,
): Buffer {
  const offset = index * RECORD_LENGTH;
  const changed = Buffer.alloc(Math.max(bytes.length, offset + RECORD_LENGTH));
  changed.set(bytes);
  changed.fill(0, offset, offset + RECORD_LENGTH);
  if (!record) return withoutEmptyEnd(changed, 0, RECORD_LENGTH);
  changed.write(record.name, offset, FLAGS_OFFSET, 'utf16le');
  changed[offset + FLAGS_OFFSET] = FLAG_VALID | (record.isDefault ? FLAG_DEFAULT : 0);
  changed.writeUInt16LE(record.signatureBits, offset + FLAGS_OFFSET + 2);
  changed.writeUInt16LE(record.keyExchangeBits, offset + FLAGS_OFFSET + 4);
  return changed;
}

/** The map's bytes with one container as the default one, and no other. */
export function withDefault(bytes: Uint8Array, index: number): Buffer {
  const changed = Buffer.from(bytes);
  for (let at = 0; at * RECORD_LENGTH < changed.length; at++) {
    const flags = at * RECORD_LENGTH + FLAGS_OFFSET;
    const others = changed.readUInt8(flags) & ~FLAG_DEFAULT;
    changed[flags] = at === index ? others | FLAG_DEFAULT : others;
  }
  return changed;
}

/**
 * What two container names are equal under: Windows compares them without case, unit by unit.
 */
export function foldContainerName(name: string): string {
  let folded = '';
  for (let at = 0; at < name.length; at++) {
    const unit = name.charAt(at);
    const upper = unit.toUpperCase();
    folded += upper.length === 1 ? upper : unit;
  }
  return folded;
}

/**
 * @returns the name
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` when it is no name for a container
 */
export function checkContainerName(name: unknown): string {
  const expected = `1 to ${NAME_UNITS - 1} UTF-16 units without NUL`;
  if (typeof name !== 'string') throw invalidArgument('name', expected, describeType(name));
  if (name.length === 0 || name.length >= NAME_UNITS) {
    throw invalidArgument('name', expected, `${name.length} units`);
  }
  if (name.includes('\0')) throw invalidArgument('name', expected, 'a name with a NUL');
  if (/\p{Surrogate}/u.test(name)) {
    throw invalidArgument('name', expected, 'a name with half of a surrogate pair');
  }
  return name;
}

function tellApart(map: ContainerMap): void {
  const names = new Set<string>();
  const later: [number, ContainerMapRecord][] = [];
  for (const [index, record] of map.entries()) {
    if (!record) continue;
    const folded = foldContainerName(record.name);
    if (names.has(folded)) later.push([index, record]);
    names.add(folded);
  }
  for (const [index, record] of later) {
    const shared = record.name;
    record.name = withSuffix(shared, ` (${index})`);
    for (let next = 2; names.has(foldContainerName(record.name)); next++) {
      record.name = withSuffix(shared, ` (${index}-${next})`);
    }
    names.add(foldContainerName(record.name));
  }
}

function withSuffix(name: string, suffix: string): string {
  const kept = name.slice(0, NAME_UNITS - 1 - suffix.length);
  // Not half of a surrogate pair.
  return kept.replace(/[\ud800-\udbff]$/, '') + suffix;
}

function decodeRecord(record: Buffer): ContainerMapRecord | undefined {
  const flags = record.readUInt8(FLAGS_OFFSET);
  if ((flags & FLAG_VALID) === 0) return undefined;
  const units = record.toString('utf16le', 0, FLAGS_OFFSET);
  const end = units.indexOf('\0');
  if (end < 1) throw cardResponseError('its container map has a container with a damaged name');
  return {
    name: units.slice(0, end),
    isDefault: (flags & FLAG_DEFAULT) !== 0,
    signatureBits: record.readUInt16LE(FLAGS_OFFSET + 2),
    keyExchangeBits: record.readUInt16LE(FLAGS_OFFSET + 4),
  };
}
