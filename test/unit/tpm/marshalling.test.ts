import { createHash, createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { encodePlain, encodeWithPassword } from '../../../lib/tpm/command.js';
import { TPM_CC } from '../../../lib/tpm/constants.js';
import { withoutTrailingZeros } from '../../../lib/tpm/hmac-session.js';
import { kdfa, kdfe } from '../../../lib/tpm/kdf.js';
import { nvName, objectName } from '../../../lib/tpm/name.js';
import {
  importedKeyPublic,
  keyParameters,
  keyShape,
  keyTemplate,
  parsePublicKey,
  parseStorageParent,
  storageParentTemplate,
} from '../../../lib/tpm/public-area.js';
import { TpmWriter } from '../../../lib/tpm/writer.js';
import { freshSwtpm, makePersistentParent } from './support/test-tpm.js';

const text = (writer: TpmWriter) => writer.bytes.toString('hex');

test('the writer writes big-endian integers and sized buffers', () => {
  const writer = new TpmWriter(1).u8(1).u16(0x0203).u32(0xfffefdfc).sized(Buffer.from('abc'));
  writer.sizedBy((inner) => inner.u8(9).sizedBy((innermost) => innermost.u16(0x0a0b)));
  expect(text(writer)).toBe(
    '01' + '0203' + 'fffefdfc' + '0003616263' + '0005' + '09' + '0002' + '0a0b',
  );
  expect(writer.length).toBe(19);
  expect(text(writer.patchU32(3, -1 >>> 0))).toContain('ffffffff');
});

test('what the writer outgrows and what it is told to wipe is zero', () => {
  const writer = new TpmWriter(8).raw(Buffer.from('12345678'));
  const outgrown = writer.bytes;
  writer.u8(0x39);
  expect(outgrown.every((byte) => byte === 0)).toBe(true);
  expect(writer.bytes.toString()).toBe('123456789');
  writer.wipe();
  expect(writer.bytes.every((byte) => byte === 0)).toBe(true);
});

test('TPM2_Startup(CLEAR) and a password session are the bytes of the specification', () => {
  const startup = encodePlain({ code: TPM_CC.Startup, parameters: Buffer.from('0000', 'hex') });
  expect(text(startup)).toBe('80010000000c000001440000');
  const command = {
    code: TPM_CC.RSA_Decrypt,
    handles: [{ handle: 0x80000002 }],
    parameters: Buffer.from('0001ff00100000', 'hex'),
  };
  const authorized = encodeWithPassword(command, Buffer.from('secret'));
  expect(text(authorized)).toBe(
    ['8002', '00000028', '00000159', '80000002', '0000000f', '40000009', '0000', '00', '0006'].join(
      '',
    ) +
      '736563726574' +
      '0001ff00100000',
  );
});

test('KDFa and KDFe are the constructions of Part 1', () => {
  const key = randomBytes(32);
  const [u, v] = [randomBytes(7), randomBytes(9)];
  const counter = Buffer.from('00000001', 'hex');
  const a = (bits: string) =>
    createHmac('sha256', key)
      .update(Buffer.concat([counter, Buffer.from('CFB\0'), u, v, Buffer.from(bits, 'hex')]))
      .digest();
  expect(kdfa(key, 'CFB', u, v)).toEqual(a('00000100'));
  expect(kdfa(key, 'CFB', u, v, 128)).toEqual(a('00000080').subarray(0, 16));
  const e = createHash('sha256')
    .update(Buffer.concat([counter, key, Buffer.from('SECRET\0'), u, v]))
    .digest();
  expect(kdfe(key, 'SECRET', u, v)).toEqual(e);
});

test('trailing zeros of authValues are dropped, others not', () => {
  const cut = (hex: string) =>
    Buffer.from(withoutTrailingZeros(Buffer.from(hex, 'hex'))).toString('hex');
  expect(['', '00', '0100', '000100', '0001'].map(cut)).toEqual(['', '', '01', '0001', '0001']);
});

test('a Name is the algorithm and the digest', () => {
  const publicArea = randomBytes(50);
  const digest = createHash('sha256').update(publicArea).digest('hex');
  expect(objectName(publicArea).toString('hex')).toBe(`000b${digest}`);
  const nv = {
    index: 0x01860001,
    attributes: 0x20060080 | 0,
    authPolicy: Buffer.from('aa', 'hex'),
    dataSize: 8,
  };
  const nvDigest = createHash('sha256')
    .update(Buffer.from('01860001000b200600800001aa0008', 'hex'))
    .digest('hex');
  expect(nvName(nv).toString('hex')).toBe(`000b${nvDigest}`);
});

test('templates are the bytes of the specification', () => {
  expect(storageParentTemplate().toString('hex')).toBe(
    '0023000b00030472' +
      '0000' +
      '0006' +
      '0080' +
      '0043' +
      '0010' +
      '0003' +
      '0010' +
      '0000' +
      '0000',
  );
  const shape = keyShape('RSA-2048');
  if (!shape) throw new Error('RSA-2048 is a key algorithm');
  expect(keyTemplate(shape).toString('hex')).toBe(
    '0001000b00060472' + '0000' + '00100010' + '0800' + '00000000' + '0000',
  );
  expect(keyParameters(shape).toString('hex')).toBe('0001' + '00100010' + '0800' + '00000000');
  expect(keyShape('RSA-4096')).toBeUndefined();
  expect(keyShape('hasOwnProperty')).toBeUndefined();
});

test('imported keys are read back, odd exponents too', () => {
  const rsa = { type: 'rsa', modulus: randomBytes(256), exponent: Buffer.of(3) } as const;
  expect(parsePublicKey(importedKeyPublic(rsa))).toEqual(rsa);
  const usual = { ...rsa, exponent: Buffer.of(1, 0, 1) };
  expect(parsePublicKey(importedKeyPublic(usual))).toEqual(usual);
  const ec = { type: 'ec', curve: 'P-384', x: randomBytes(48), y: randomBytes(48) } as const;
  expect(parsePublicKey(importedKeyPublic(ec))).toEqual(ec);
});

test('a public area cut anywhere is an invalid response', () => {
  const ec = { type: 'ec', curve: 'P-256', x: randomBytes(32), y: randomBytes(32) } as const;
  const publicArea = importedKeyPublic(ec);
  for (let length = 0; length < publicArea.length; length += 1) {
    expect(() => parsePublicKey(publicArea.subarray(0, length))).toThrow(/not a valid response/);
  }
  expect(() => parsePublicKey(Buffer.concat([publicArea, Buffer.of(0)]))).toThrow(
    /1 bytes too many/,
  );
});

test('only a storage key is taken for a storage parent', () => {
  const ec = { type: 'ec', curve: 'P-256', x: randomBytes(32), y: randomBytes(32) } as const;
  expect(parseStorageParent(importedKeyPublic(ec))).toBeUndefined();
  const template = storageParentTemplate();
  expect(parseStorageParent(template)).toMatchObject({ type: 'ec', curve: 'P-256' });
  for (const [at, bit] of [
    [5, 2],
    [6, 4],
    [7, 0x40],
    [3, 7],
    [13, 1],
  ] as const) {
    const other = Buffer.from(template);
    other[at] = (other[at] ?? 0) ^ bit;
    expect(parseStorageParent(other), `byte ${at}`).toBeUndefined();
  }
});

test("tpm2-tools' storage keys are read, and their Names are ours", async () => {
  for (const algorithm of ['rsa2048', 'ecc'] as const) {
    const swtpm = await freshSwtpm();
    await makePersistentParent(swtpm, algorithm);
    const read = ['-c', '0x81000001', '-o', 'public.out', '-f', 'tss'];
    const yaml = await swtpm.tool('tpm2_readpublic', ...read, '-n', 'name.out');
    const tss = await swtpm.file('public.out');
    const publicArea = tss.subarray(2);
    expect(objectName(publicArea)).toEqual(await swtpm.file('name.out'));
    const parsed = parseStorageParent(publicArea);
    if (!parsed) throw new Error('tpm2_createprimary makes storage keys');
    const unique = parsed.type === 'rsa' ? parsed.modulus : parsed.x;
    expect(yaml).toContain(Buffer.from(unique).toString('hex'));
  }
});
