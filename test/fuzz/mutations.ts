import type { SeededRandom } from '../support/random.js';
import type { Command } from './command.js';

const INSTRUCTIONS = [
  0x20, 0x22, 0x24, 0x2a, 0x2c, 0x44, 0x47, 0x87, 0xa4, 0xc0, 0xcb, 0xdb, 0xe0, 0xe4,
] as const;
const PARAMETERS = [
  0x00, 0x01, 0x02, 0x04, 0x08, 0x0c, 0x3f, 0x41, 0x80, 0x81, 0x82, 0x86, 0x9a, 0x9e, 0xa0, 0xa4,
  0xb0, 0xb6, 0xb8, 0xc1, 0xff,
] as const;
const LENGTHS = [1, 2, 8, 127, 128, 255, 256, 257, 65535, 65536, 0] as const;
/** First bytes of lengths that are none, that are long, or that say more than there is. */
const TLV_LENGTHS = [
  '80',
  '8100',
  '817F',
  '820001',
  '8200FF',
  '83000001',
  '84',
  'FF',
  '82FFFF',
  '7F',
];
const TAGS = [
  '5C',
  '70',
  '7C',
  '7F49',
  '80',
  '81',
  '82',
  '83',
  '84',
  '87',
  '88',
  '8C',
  'A5',
  'AC',
  'DF1F',
  'DF24',
  'BF8101',
  '00',
  '1F',
];

/** Numbers that a long answer or a loop would come from. */
const INTERESTING = [0x00, 0x01, 0x7f, 0x80, 0x81, 0xfe, 0xff];

/** Makes another command of one; sometimes it is the same. */
export function mutateCommand(random: SeededRandom, command: Command, other: Command): Command {
  switch (random.below(12)) {
    case 0:
      return { ...command, ins: random.pick(INSTRUCTIONS) };
    case 1:
      return { ...command, p1: random.pick(PARAMETERS) };
    case 2:
      return { ...command, p2: random.pick(PARAMETERS) };
    case 3:
      return { ...command, p1: random.below(256), p2: random.below(256) };
    case 4:
      return { ...command, ne: random.pick(LENGTHS) || undefined };
    case 5:
      return { ...command, data: other.data };
    case 6:
      return { ...command, data: splice(random, command.data, other.data) };
    case 7:
      return { ...command, cla: random.pick([0x10, 0x01, 0x04, 0x0c, 0x80, 0x90, 0xff]) };
    case 8:
    case 9:
      return { ...command, data: mutateTlv(random, command.data, other.data) };
    default:
      return { ...command, data: mutateBytes(random, command.data) };
  }
}

/** Changes, inserts or takes out bytes; now and then many. */
export function mutateBytes(random: SeededRandom, bytes: Uint8Array): Buffer {
  const at = random.below(bytes.length + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.below(7)) {
    case 0:
      return Buffer.concat([before, random.bytes(1 + random.below(8)), after]);
    case 1:
      return Buffer.concat([before, after.subarray(1 + random.below(4))]);
    case 2:
      return Buffer.from(before);
    case 3:
      return Buffer.concat([bytes, random.bytes(random.below(300))]);
    case 4:
      return Buffer.concat([before, bytes.subarray(random.below(at + 1))]);
    default: {
      const changed = Buffer.from(bytes);
      const value = random.below(2) === 0 ? random.pick(INTERESTING) : random.below(256);
      if (at < changed.length) changed[at] = value;
      return changed;
    }
  }
}

/** Where a data object starts, its length field, its value, and where it ends. */
type Place = [start: number, lengthAt: number, valueAt: number, end: number];

/** Where data objects lie in the bytes, those within others too, as far as they can be made out. */
function findObjects(bytes: Uint8Array, from: number, to: number, found: Place[]): void {
  for (let start = from; start < to; ) {
    const first = bytes[start] ?? 0;
    let at = start + 1;
    if ((first & 0x1f) === 0x1f) {
      while (((bytes[at] ?? 0) & 0x80) !== 0) at++;
      at++;
    }
    const lengthAt = at;
    const lead = bytes[at++] ?? 0;
    let length = lead > 0x80 ? 0 : lead;
    for (let count = lead > 0x80 ? lead & 0x7f : 0; count > 0 && at < to; count--) {
      length = length * 256 + (bytes[at++] ?? 0);
    }
    const end = at + length;
    if (end > to) return;
    found.push([start, lengthAt, at, end]);
    if ((first & 0x20) !== 0) findObjects(bytes, at, end, found);
    start = end;
  }
}

/** Changes a data object somewhere in the data and leaves what is around it as it is. */
function mutateTlv(random: SeededRandom, data: Uint8Array, other: Uint8Array): Buffer {
  const found: Place[] = [];
  findObjects(data, 0, data.length, found);
  if (found.length === 0) return mutateBytes(random, data);
  const [start, lengthAt, valueAt, end] = random.pick(found);
  const object = data.subarray(start, end);
  const within = (...parts: Uint8Array[]) =>
    Buffer.concat([data.subarray(0, start), ...parts, data.subarray(end)]);
  const [tag, length, value] = [
    data.subarray(start, lengthAt),
    data.subarray(lengthAt, valueAt),
    data.subarray(valueAt, end),
  ];
  switch (random.below(8)) {
    case 0:
      return within(Buffer.from(random.pick(TAGS), 'hex'), length, value);
    case 1:
      return within(tag, Buffer.from(random.pick(TLV_LENGTHS), 'hex'), value);
    case 2:
      return within(object, object);
    case 3:
      return within();
    case 4:
      return within(tag, Uint8Array.of(0x82, value.length >> 8, value.length), value);
    case 5:
      return within(tag, Uint8Array.of(0));
    case 6:
      return within(tag, Uint8Array.of(0x82, other.length >> 8, other.length), other);
    default:
      return within(tag, length, mutateSameLength(random, value));
  }
}

function mutateSameLength(random: SeededRandom, bytes: Uint8Array): Buffer {
  const changed = Buffer.from(bytes);
  if (changed.length > 0) changed[random.below(changed.length)] = random.below(256);
  return changed;
}

function splice(random: SeededRandom, one: Uint8Array, other: Uint8Array): Buffer {
  return Buffer.concat([
    one.subarray(0, random.below(one.length + 1)),
    other.subarray(random.below(other.length + 1)),
  ]);
}
