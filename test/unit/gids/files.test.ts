import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { VirtualSmartCardError } from '../../../lib/errors.js';
import { advance, decodeCacheFile, encodeCacheFile } from '../../../lib/gids/cache-file.js';
import {
  certificateFileName,
  decodeCertificateFile,
  encodeCertificateFile,
} from '../../../lib/gids/certificate-file.js';
import {
  checkContainerName,
  decodeContainerMap,
  foldContainerName,
  freeContainerIndex,
  withContainer,
  withDefault,
} from '../../../lib/gids/container-map.js';
import { generateFileSystem } from '../../../lib/gids/files.js';
import { decodeKeyMap, withKey } from '../../../lib/gids/key-map.js';
import {
  decodeMasterfile,
  encodeMasterfile,
  findFile,
  freeObject,
  GENERATED_MASTERFILE,
} from '../../../lib/gids/masterfile.js';

/** The masterfile that Microsoft's documentation of its class minidriver prints. */
const MICROSOFTS_MASTERFILE = `
  01 6d 73 63 70 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 a0 00 00 00 00 00
  00 00 00 00 00 00 63 61 72 64 69 64 00 00 00 00 00 20 df 00 00 12 a0 00 00 00 00 00 00 00 00 00
  00 00 63 61 72 64 61 70 70 73 00 00 00 21 df 00 00 10 a0 00 00 00 00 00 00 00 00 00 00 00 63 61
  72 64 63 66 00 00 00 00 00 22 df 00 00 10 a0 00 00 6d 73 63 70 00 00 00 00 00 63 6d 61 70 66 69
  6c 65 00 00 00 23 df 00 00 10 a0 00 00`.replace(/\s/g, '');

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    if (VirtualSmartCardError.is(error)) return error.code;
    throw error;
  }
  return undefined;
}

describe('the file system of a new card', () => {
  const cardId = randomBytes(16);
  const state = generateFileSystem(cardId);
  const objectHex = (file: number, tag: number) => {
    const object = state.files.get(file)?.objects.get(tag);
    return object && Buffer.from(object).toString('hex');
  };

  it('has the masterfile that Microsoft documents, byte for byte', () => {
    expect(objectHex(0xa000, 0xdf1f)).toBe(MICROSOFTS_MASTERFILE);
    expect(decodeMasterfile(Buffer.from(MICROSOFTS_MASTERFILE, 'hex'))).toEqual(
      GENERATED_MASTERFILE,
    );
  });

  it('has card id, applications, counters and an empty container map', () => {
    expect(objectHex(0xa012, 0xdf20)).toBe(cardId.toString('hex'));
    expect(objectHex(0xa010, 0xdf21)).toBe('6d73637000000000');
    expect(objectHex(0xa010, 0xdf22)).toBe('000000000000');
    expect(objectHex(0xa010, 0xdf23)).toBe('');
    expect(objectHex(0xa000, 0xdf20)).toBeUndefined();
  });

  it('has the elementary files with the access rules that Microsoft documents, activated', () => {
    const rules = [...state.files].map(([id, file]) => [
      id.toString(16),
      Buffer.from(file.accessRules).toString('hex'),
    ]);
    expect(rules).toEqual([
      ['a000', '033000'],
      ['a010', '033000'],
      ['a011', '0330ff'],
      ['a012', '032000'],
      ['a013', '033030'],
      ['a014', '032020'],
    ]);
    expect([...state.files.values()].every(({ activated }) => activated)).toBe(true);
    expect(state.activated).toBe(true);
    expect(state.keys.size).toBe(0);
  });

  it('keeps its own copy of the card id', () => {
    const id = randomBytes(16);
    const own = generateFileSystem(id);
    const before = Buffer.from(id);
    id.fill(0);
    expect(own.files.get(0xa012)?.objects.get(0xdf20)).toEqual(Uint8Array.from(before));
  });

  it.each([0, 15, 17])('refuses a card id of %i bytes', (length) => {
    expect(codeOf(() => generateFileSystem(Buffer.alloc(length)))).toBe('ERR_INVALID_ARGUMENT');
  });
});

describe('masterfile', () => {
  const certificate = { directory: 'mscp', file: 'kxc00', objectTag: 0xdf24, fileId: 0xa010 };

  it('round-trips records and finds files without regard to case', () => {
    const records = [...GENERATED_MASTERFILE, certificate];
    const decoded = decodeMasterfile(encodeMasterfile(records));
    expect(decoded).toEqual(records);
    expect(findFile(decoded, 'MSCP', 'KXC00')).toEqual(certificate);
    expect(findFile(decoded, '', 'kxc00')).toBeUndefined();
  });

  it('gives the lowest free data object, and none when all are taken', () => {
    expect(freeObject(GENERATED_MASTERFILE)).toBe(0xdf24);
    expect(freeObject([certificate])).toBe(0xdf25);
    const all = [];
    for (let objectTag = 0xdf24; objectTag <= 0xdf7f; objectTag++) {
      all.push({ ...certificate, objectTag });
    }
    expect(freeObject(all)).toBeUndefined();
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['of another version', Buffer.from([2])],
    ['cut short', encodeMasterfile(GENERATED_MASTERFILE).subarray(0, -1)],
  ])('refuses a file that is %s', (_what, bytes) => {
    expect(codeOf(() => decodeMasterfile(bytes))).toBe('ERR_CARD_RESPONSE');
  });
});

describe('container map', () => {
  const record = { name: 'Signing', isDefault: true, signatureBits: 0, keyExchangeBits: 2048 };

  it('lays a record out as CONTAINER_MAP_RECORD', () => {
    const bytes = withContainer(Buffer.alloc(0), 0, record);
    expect(bytes.length).toBe(86);
    expect(bytes.toString('hex')).toBe(
      `${Buffer.from('Signing', 'utf16le').toString('hex').padEnd(160, '0')}030000000008`,
    );
  });

  it('leaves every bit of other records as it is', () => {
    const foreign = Buffer.concat([randomBytes(86), randomBytes(86)]);
    const changed = withContainer(foreign, 3, record);
    expect(changed.subarray(0, 172).equals(foreign)).toBe(true);
    expect(changed.subarray(172, 258).equals(Buffer.alloc(86))).toBe(true);
    const removed = withContainer(changed, 1, undefined);
    expect(removed.subarray(0, 86).equals(foreign.subarray(0, 86))).toBe(true);
    expect(removed.subarray(86, 172).equals(Buffer.alloc(86))).toBe(true);
  });

  it('decodes records and holes', () => {
    const second = { name: 'Ünïcödé 🔑', isDefault: false, signatureBits: 256, keyExchangeBits: 0 };
    const bytes = withContainer(withContainer(Buffer.alloc(0), 0, record), 2, second);
    const map = decodeContainerMap(bytes);
    expect(map).toEqual([record, undefined, second]);
    expect(freeContainerIndex(map)).toBe(1);
  });

  it('tells containers of one name apart by their index, and stays as it is', () => {
    const names = ['Key', 'key', 'other', 'KEY', 'key (1)', 'x'.repeat(39), 'x'.repeat(39)];
    const record = { isDefault: false, signatureBits: 2048, keyExchangeBits: 0 };
    const bytes = names.reduce<Buffer>(
      (map, name, index) => withContainer(map, index, { ...record, name }),
      Buffer.alloc(0),
    );
    const before = Buffer.from(bytes);
    expect(decodeContainerMap(bytes).map((each) => each?.name)).toEqual([
      ...['Key', 'key (1-2)', 'other', 'KEY (3)', 'key (1)', 'x'.repeat(39)],
      `${'x'.repeat(35)} (6)`,
    ]);
    expect(bytes).toEqual(before);
    const astral = `${'x'.repeat(34)}\u{1F511}xxx`;
    const twice = withContainer(withContainer(Buffer.alloc(0), 0, { ...record, name: astral }), 1, {
      ...record,
      name: astral,
    });
    expect(decodeContainerMap(twice)[1]?.name).toBe(`${'x'.repeat(34)} (1)`);
  });

  it('has one default container', () => {
    let bytes = withContainer(Buffer.alloc(0), 0, record);
    bytes = withContainer(bytes, 1, { ...record, name: 'Other', isDefault: false });
    const map = decodeContainerMap(withDefault(bytes, 1));
    expect(map.map((each) => each?.isDefault)).toEqual([false, true]);
  });

  it('has 30 places', () => {
    const full = Array.from({ length: 30 }, () => record);
    expect(freeContainerIndex(full)).toBeUndefined();
    expect(freeContainerIndex(full.slice(0, 29))).toBe(29);
  });

  it('takes names of 1 to 39 UTF-16 units', () => {
    expect(checkContainerName('x'.repeat(39))).toBe('x'.repeat(39));
    const longest = withContainer(Buffer.alloc(0), 0, { ...record, name: 'x'.repeat(39) });
    expect(decodeContainerMap(longest)[0]?.name).toBe('x'.repeat(39));
    for (const name of ['', 'x'.repeat(40), 'a\0b', '\ud800', 7, undefined]) {
      expect(codeOf(() => checkContainerName(name))).toBe('ERR_INVALID_ARGUMENT');
    }
  });

  it('compares names unit by unit, without case', () => {
    expect(foldContainerName('Straße')).toBe(foldContainerName('sTRAßE'));
    expect(foldContainerName('Straße')).not.toBe(foldContainerName('STRASSE'));
  });

  it('refuses a map cut short, and a valid record without a name', () => {
    const bytes = withContainer(Buffer.alloc(0), 0, record);
    expect(codeOf(() => decodeContainerMap(bytes.subarray(1)))).toBe('ERR_CARD_RESPONSE');
    bytes.fill(0, 0, 80);
    expect(codeOf(() => decodeContainerMap(bytes))).toBe('ERR_CARD_RESPONSE');
    bytes.fill(0x41, 0, 80);
    expect(codeOf(() => decodeContainerMap(bytes))).toBe('ERR_CARD_RESPONSE');
  });
});

describe('keymap', () => {
  it('lays records out as hosts do and reads them back', () => {
    const key = { algorithm: 7, usage: 'signAndDecrypt', keyReference: 0x81 } as const;
    const sign = { algorithm: 0x0c, usage: 'sign', keyReference: 0x83 } as const;
    const bytes = withKey(withKey(Buffer.alloc(0), 0, key), 2, sign);
    expect(bytes.toString('hex')).toBe(
      '01' + '01000000079a81b0ffff0000' + '000000000000000000000000' + '010000000c9c83b0ffff0000',
    );
    expect(decodeKeyMap(bytes)).toEqual([key, undefined, sign]);
    expect(decodeKeyMap(withKey(bytes, 0, undefined))).toEqual([undefined, undefined, sign]);
  });

  it('is empty on a card without keys, and refuses damage', () => {
    expect(decodeKeyMap(Buffer.alloc(0))).toEqual([]);
    expect(codeOf(() => decodeKeyMap(Buffer.from([3])))).toBe('ERR_CARD_RESPONSE');
    expect(codeOf(() => decodeKeyMap(Buffer.alloc(12, 1)))).toBe('ERR_CARD_RESPONSE');
  });
});

describe('cache file', () => {
  const counters = { version: 1, pinsFreshness: 2, containersFreshness: 3, filesFreshness: 0xffff };

  it('advances the counters of what changed, and starts again at 65535', () => {
    expect(encodeCacheFile(counters).toString('hex')).toBe('01020300ffff');
    expect(decodeCacheFile(encodeCacheFile(advance(counters, 'files')))).toEqual({
      ...counters,
      filesFreshness: 0,
    });
    expect(advance(counters, 'containers')).toEqual({
      ...counters,
      containersFreshness: 4,
      filesFreshness: 0,
    });
  });

  it('refuses another length', () => {
    expect(codeOf(() => decodeCacheFile(Buffer.alloc(5)))).toBe('ERR_CARD_RESPONSE');
  });
});

describe('certificate file', () => {
  const der = Buffer.concat([Buffer.from('3082', 'hex'), Buffer.alloc(900, 'certificate ')]);

  it('names files after container and key specification', () => {
    expect(certificateFileName(0, 'keyExchange')).toBe('kxc00');
    expect(certificateFileName(29, 'signature')).toBe('ksc29');
  });

  it('is compressed with the length before it', () => {
    const file = encodeCertificateFile(der);
    expect(file.subarray(0, 4).toString('hex')).toBe('01008603');
    expect(file.length).toBeLessThan(der.length);
    expect(decodeCertificateFile(file).equals(der)).toBe(true);
  });

  it('takes plain DER too', () => {
    expect(decodeCertificateFile(der).equals(der)).toBe(true);
  });

  it('takes certificates up to 65,535 bytes', () => {
    const longest = randomBytes(0xffff);
    expect(decodeCertificateFile(encodeCertificateFile(longest)).equals(longest)).toBe(true);
    expect(codeOf(() => encodeCertificateFile(Buffer.alloc(0x10000)))).toBe('ERR_INVALID_ARGUMENT');
  });

  it('does not decompress more than the length says', () => {
    const bomb = Buffer.concat([
      Buffer.from('0100ffff', 'hex'),
      deflateSync(Buffer.alloc(1 << 26)),
    ]);
    expect(codeOf(() => decodeCertificateFile(bomb))).toBe('ERR_CARD_RESPONSE');
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['a header alone', Buffer.from('01008603', 'hex')],
    ['of an unknown form', Buffer.from('0200860300', 'hex')],
    ['not zlib', Buffer.from('0100860300112233', 'hex')],
    ['shorter than it says', Buffer.concat([Buffer.from('0100ff03', 'hex'), deflateSync(der)])],
    ['longer than it says', Buffer.concat([Buffer.from('01000100', 'hex'), deflateSync(der)])],
    ['of length 0', Buffer.concat([Buffer.from('01000000', 'hex'), deflateSync(der)])],
    ['cut short', encodeCertificateFile(der).subarray(0, 20)],
  ])('refuses a file that is %s', (_what, file) => {
    expect(codeOf(() => decodeCertificateFile(file))).toBe('ERR_CARD_RESPONSE');
  });
});
