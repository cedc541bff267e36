import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadNative, loadNativeFrom, type NativeAddon } from '../../lib/native.js';
import {
  ADDON,
  CREATE_PRIMARY_RSA,
  codeOf,
  GET_RANDOM,
  recoveryTime,
  STARTUP,
  SUCCESS,
  setRecoveryTime,
  temporaryDirectory,
  withTpm,
} from './support.js';

const native = loadNative();

test('makes a TPM in an empty directory and answers commands in the order of the calls', async () => {
  const directory = temporaryDirectory();
  await withTpm(directory, async (tpm) => {
    const order: string[] = [];
    await Promise.all([
      tpm.transmit(CREATE_PRIMARY_RSA).then(() => order.push('slow')),
      tpm.transmit(GET_RANDOM).then(() => order.push('quick')),
      tpm.forget([Buffer.alloc(16, 1)]).then(() => order.push('forget')),
      tpm.transmit(GET_RANDOM).then(() => order.push('last')),
    ]);
    expect(order).toEqual(['slow', 'quick', 'forget', 'last']);
    const answers = await Promise.all(Array.from({ length: 50 }, () => tpm.transmit(GET_RANDOM)));
    expect(new Set(answers.map((answer) => answer.toString('hex'))).size).toBe(50);
  });
  expect(readdirSync(directory)).toEqual(['permall']);
  expect(statSync(join(directory, 'permall')).mode & 0o777).toBe(0o600);
});

test('the command may be wiped as soon as transmit returned', async () => {
  await withTpm(temporaryDirectory(), async (tpm) => {
    const command = Buffer.from(GET_RANDOM);
    const answer = tpm.transmit(command);
    command.fill(0);
    expect(codeOf(await answer)).toBe(SUCCESS);
  });
});

test('the response is memory of its own', async () => {
  await withTpm(temporaryDirectory(), async (tpm) => {
    const answer = await tpm.transmit(GET_RANDOM);
    expect(answer.byteOffset).toBe(0);
    expect(answer.buffer.byteLength).toBe(answer.length);
  });
});

test('what was stored is there after the next start, and each directory is a TPM of its own', async () => {
  const [first, second] = [temporaryDirectory(), temporaryDirectory()];
  await withTpm(first, async (tpm) => {
    expect(codeOf(await tpm.transmit(setRecoveryTime(1111)))).toBe(SUCCESS);
  });
  await withTpm(second, async (tpm) => {
    expect(await recoveryTime(tpm)).not.toBe(1111);
    expect(codeOf(await tpm.transmit(setRecoveryTime(2222)))).toBe(SUCCESS);
  });
  await withTpm(first, async (tpm) => expect(await recoveryTime(tpm)).toBe(1111));
  await withTpm(second, async (tpm) => expect(await recoveryTime(tpm)).toBe(2222));
});

test('a second TPM in the process is refused while the first is open', async () => {
  await withTpm(temporaryDirectory(), async (tpm) => {
    const other = temporaryDirectory();
    await expect(native.openLibtpms(other)).rejects.toMatchObject({ code: 'LIBTPMS_BUSY' });
    expect(readdirSync(other)).toEqual([]);
    expect(codeOf(await tpm.transmit(GET_RANDOM))).toBe(SUCCESS);
  });
  await withTpm(temporaryDirectory(), async () => undefined);
});

/** A second copy of this package, its addon changed by `change`. */
function copyOfPackage(change: (addon: string) => string): NativeAddon {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'build/Release'), { recursive: true });
  const addon = change(readFileSync(ADDON, 'latin1'));
  writeFileSync(join(root, 'build/Release/virtual_smartcard.node'), addon, 'latin1');
  return loadNativeFrom(root);
}

test('a second copy of the package in the process is refused too: libtpms is the same', async () => {
  await withTpm(temporaryDirectory(), async (tpm) => {
    const other = copyOfPackage((addon) => addon);
    const opening = other.openLibtpms(temporaryDirectory());
    await expect(opening).rejects.toMatchObject({
      code: 'LIBTPMS_BUSY',
      message: expect.stringContaining('second copy'),
    });
    expect(codeOf(await tpm.transmit(GET_RANDOM))).toBe(SUCCESS);
  });
});

test('a missing libtpms is told, with what the linker said', async () => {
  const other = copyOfPackage((addon) => addon.replaceAll('libtpms.so.0', 'libtpms.so.9'));
  const directory = temporaryDirectory();
  await expect(other.openLibtpms(directory)).rejects.toMatchObject({
    code: 'LIBTPMS_NOT_FOUND',
    message: expect.stringContaining('libtpms.so.9: cannot open shared object file'),
  });
  expect(readdirSync(directory)).toEqual([]);
});

test('close finishes what is queued, refuses what comes after, and may be called again', async () => {
  const tpm = await native.openLibtpms(temporaryDirectory());
  const queued = [STARTUP, CREATE_PRIMARY_RSA, GET_RANDOM].map((bytes) => tpm.transmit(bytes));
  const closed = [tpm.close(), tpm.close()];
  await expect(tpm.transmit(GET_RANDOM)).rejects.toMatchObject({ code: 'CLOSED' });
  await Promise.all(closed);
  expect((await Promise.all(queued)).map(codeOf)).toEqual([SUCCESS, SUCCESS, SUCCESS]);
  await tpm.close();
  await expect(tpm.transmit(GET_RANDOM)).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(tpm.forget([])).rejects.toMatchObject({ code: 'CLOSED' });
});

test('a missing directory fails with its errno and makes nothing', async () => {
  const missing = join(temporaryDirectory(), 'missing');
  await expect(native.openLibtpms(missing)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(existsSync(missing)).toBe(false);
});

test('a damaged state is refused and left as it is', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'permall');
  await withTpm(directory, async () => undefined);
  const sound = readFileSync(path);
  const flipped = Buffer.from(sound);
  flipped[700] = (flipped[700] ?? 0) ^ 1;
  const damages = [flipped, sound.subarray(0, -1), Buffer.alloc(0), Buffer.alloc(2000)];
  for (const damaged of damages) {
    writeFileSync(path, damaged);
    await expect(native.openLibtpms(directory)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    expect(readFileSync(path).equals(damaged)).toBe(true);
  }
  writeFileSync(path, sound);
  await withTpm(directory, async () => undefined);
});

test('what a killed writer left behind is removed at the next start', async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'permall.new'), 'half a state');
  await withTpm(directory, async () => undefined);
  expect(readdirSync(directory)).toEqual(['permall']);
});

test.each([
  ['no bytes', undefined],
  ['a string', '80010000'],
  ['fewer bytes than a header', Buffer.alloc(9)],
  ['more bytes than a TPM takes', Buffer.alloc(4097)],
  ['other typed arrays', new Uint16Array(16)],
])('refuses %s as a command', async (_, command) => {
  await withTpm(temporaryDirectory(), async (tpm) => {
    const answer = tpm.transmit(command as Uint8Array);
    await expect(answer).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(codeOf(await tpm.transmit(GET_RANDOM))).toBe(SUCCESS);
  });
});

test('forget refuses values so short that they occur by chance', async () => {
  await withTpm(temporaryDirectory(), async (tpm) => {
    const short = tpm.forget([Buffer.alloc(32), Buffer.alloc(15)]);
    await expect(short).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('values[1]'),
    });
    await expect(tpm.forget('x' as unknown as Uint8Array[])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
