import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Tpm } from '../../../lib/tpm/tpm.js';
import { openTransport } from '../../../lib/tpm/tpm-address.js';
import { expectError } from '../../support/expect-error.js';
import type { Swtpm } from '../../support/swtpm.js';
import { Interposer } from './support/interposer.js';
import {
  freshSwtpm,
  freshTransport,
  makePersistentParent,
  openForTest,
} from './support/test-tpm.js';

/** Name of the storage parent that is found; the TPM is left as it was. */
async function parentName(swtpm: Swtpm, storageParentName?: Uint8Array): Promise<string> {
  const tpm = await Tpm.open(await openTransport(swtpm.address), { storageParentName });
  await tpm.close();
  return tpm.storageParentName.toString('hex');
}

async function persistentName(swtpm: Swtpm): Promise<string> {
  await swtpm.tool('tpm2_readpublic', '-c', '0x81000001', '-n', 'name.out');
  return (await swtpm.file('name.out')).toString('hex');
}

test('the standard parent is the same each time, and leaves no trace on a guest', async () => {
  const swtpm = await freshSwtpm();
  const name = await parentName(swtpm);
  expect(await parentName(swtpm)).toBe(name);
  expect((await swtpm.tool('tpm2_getcap', 'handles-persistent')).trim()).toBe('');
  expect(await parentName(await freshSwtpm())).not.toBe(name);
});

test("it is tpm2-tools' primary key of the same template", async () => {
  const swtpm = await freshSwtpm();
  const name = await parentName(swtpm);
  await makePersistentParent(swtpm, 'ecc');
  expect(await persistentName(swtpm)).toBe(name);
});

test.each(['rsa2048', 'ecc'] as const)('a persistent %s storage key is used', async (algorithm) => {
  const swtpm = await freshSwtpm();
  await makePersistentParent(swtpm, algorithm);
  expect(await parentName(swtpm)).toBe(await persistentName(swtpm));
});

test('a persistent key that came later does not hide the one that objects were made under', async () => {
  const swtpm = await freshSwtpm();
  const before = await parentName(swtpm);
  await makePersistentParent(swtpm, 'rsa2048');
  const persistent = await persistentName(swtpm);
  expect(await parentName(swtpm)).toBe(persistent);
  expect(await parentName(swtpm, Buffer.from(before, 'hex'))).toBe(before);
  expect(await parentName(swtpm, Buffer.from(persistent, 'hex'))).toBe(persistent);
  expect(await parentName(swtpm, randomBytes(34))).toBe(persistent);
});

test('a persistent key with an authValue, or that is no storage key, is left alone', async () => {
  const locked = await freshSwtpm();
  const plain = await parentName(locked);
  await makePersistentParent(locked, 'ecc', '-p', 'a password');
  expect(await parentName(locked)).toBe(plain);
  await makeSigningKey(await freshSwtpm());

  async function makeSigningKey(swtpm: Swtpm) {
    const name = await parentName(swtpm);
    const attributes = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign';
    await swtpm.tool(
      'tpm2_createprimary',
      '-C',
      'o',
      '-G',
      'ecc',
      '-a',
      attributes,
      '-c',
      'key.ctx',
    );
    await swtpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', 'key.ctx', '0x81000001');
    await swtpm.tool('tpm2_flushcontext', '-t');
    expect(await parentName(swtpm)).toBe(name);
    expect((await swtpm.tool('tpm2_getcap', 'handles-persistent')).trim()).toBe('- 0x81000001');
  }
});

test('on our own software TPM the parent is made persistent, and found again', async () => {
  const tpmStateDirectory = await mkdtemp(join(tmpdir(), 'libtpms-'));
  onTestFinished(() => rm(tpmStateDirectory, { recursive: true }));
  const open = async () => {
    const interposer = new Interposer(await openTransport('libtpms', { tpmStateDirectory }));
    const tpm = await openForTest(interposer);
    const codes = interposer.commands.map(({ code }) => code);
    await tpm.close();
    return { name: tpm.storageParentName, codes };
  };
  const first = await open();
  const second = await open();
  const CREATE_PRIMARY = 0x131;
  expect(first.codes).toContain(CREATE_PRIMARY);
  expect(second.codes).not.toContain(CREATE_PRIMARY);
  expect(second.name).toEqual(first.name);
});

test("the owner's authorisation is used, and a wrong one is refused", async () => {
  const swtpm = await freshSwtpm();
  const ownerAuthorization = randomBytes(20);
  await swtpm.tool('tpm2_startup', '-c');
  await swtpm.tool('tpm2_changeauth', '-c', 'owner', `hex:${ownerAuthorization.toString('hex')}`);
  for (const wrong of [undefined, randomBytes(20)]) {
    const error = await expectError(
      Tpm.open(await openTransport(swtpm.address), { ownerAuthorization: wrong }),
      'ERR_TPM_AUTHORIZATION',
    );
    expect(error.message).toContain('owner authorisation');
  }
  const interposer = new Interposer(await openTransport(swtpm.address));
  const tpm = await openForTest(interposer, { ownerAuthorization });
  await tpm.nvDefine(0x01860001, { attributes: (1 << 1) | (1 << 17), dataSize: 8 });
  await tpm.nvUndefine(0x01860001);
  for (const { bytes } of interposer.commands)
    expect(bytes.includes(ownerAuthorization)).toBe(false);
});

test('a Name that is not that of the public area is refused', async () => {
  const transport = new Interposer(await freshTransport('swtpm with a persistent RSA parent'));
  transport.alterResponse = (response, { code }) => {
    if (code !== 0x173) return response;
    // A bit of the modulus.
    response[100] = (response[100] ?? 0) ^ 1;
    return response;
  };
  await expectError(Tpm.open(transport), 'ERR_TPM_RESPONSE');
});
