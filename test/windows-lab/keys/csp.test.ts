import { constants, createHash, publicEncrypt, randomBytes, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import type { NativeHash } from '../../../lib/native-windows.js';
import { rsaKeyOfLegacyBlob } from '../support/legacy-blob.js';
import {
  acquired,
  DEFAULT_OPTIONAL,
  dropped,
  given,
  KEYEXCHANGE_PIN,
  RSA,
  released,
  withKey,
} from './support/csp-calls.js';
import { addon, KeyLab, PIN, WRONG_PIN } from './support/key-lab.js';

const NEW_KEYSET = 0x8;
const DELETE_KEYSET = 0x10;
const VERIFY_CONTEXT = 0xf0000000;
const OAEP = 0x40;
const AT_KEYEXCHANGE = 1;
const AT_SIGNATURE = 2;
const SIGNATURE_PIN = 33;
const EXISTS = 0x8009000f;
const NO_KEY = 0x8009000d;
const NO_SUCH_CONTAINER = 0x80090016;
const BAD_ALGORITHM = 0x80090008;
const HASHES: readonly NativeHash[] = ['SHA1', 'SHA256', 'SHA384', 'SHA512'];

test('a key is made in the way that Windows documents for silence, and nothing stays open', async () => {
  const lab = await KeyLab.fresh('csp');
  await lab.make(RSA);
  expect(await lab.calls()).toEqual(
    [
      acquired(lab, '', DEFAULT_OPTIONAL),
      given(),
      released(),
      acquired(lab, 'Key', NEW_KEYSET),
      { call: 'CPGenKey', arguments: { algorithm: AT_KEYEXCHANGE, flags: 2048 << 16 } },
      { call: 'CPDestroyKey', arguments: {} },
      released(),
      acquired(lab, '', DEFAULT_OPTIONAL),
      dropped(),
      released(),
    ].map((call) => ({ component: 'csp', ...call })),
  );
});

test.each([
  ['key exchange', AT_KEYEXCHANGE, KEYEXCHANGE_PIN],
  ['signature', AT_SIGNATURE, SIGNATURE_PIN],
] as const)('a key for %s signs with each hash', async (_, keySpec, parameter) => {
  const { lab, request } = await withKey(keySpec);
  const key = rsaKeyOfLegacyBlob(await addon.readPublicKey(lab.key()).result);
  expect(key.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048, publicExponent: 65537n });
  const data = randomBytes(100);
  for (const hashName of HASHES) {
    const algorithm = hashName.toLowerCase();
    const hash = createHash(algorithm).update(data).digest();
    const before = await lab.count();
    const signature = await addon.signHash({ ...request, hashName }, hash, PIN).result;
    expect(signature).toHaveLength(256);
    expect(verify(algorithm, data, key, signature)).toBe(true);
    const calls = await lab.calls(before);
    expect(calls[0]).toMatchObject(acquired(lab, 'Key'));
    expect(calls.filter(({ call }) => call === 'CPGetUserKey')).toHaveLength(keySpec);
    expect(
      calls.filter(({ call }) => /CreateHash|SetHash|SetProv|Sign|Release/.test(call)),
    ).toMatchObject([
      { call: 'CPCreateHash' },
      { call: 'CPSetHashParam', arguments: { parameter: 2 } },
      given(parameter),
      { call: 'CPSignHash', arguments: { keySpec, flags: 0 } },
      dropped(parameter),
      released(),
    ]);
  }
});

test('RSA decrypts by PKCS #1, and by OAEP with SHA-1', async () => {
  const { lab } = await withKey();
  const key = rsaKeyOfLegacyBlob(await addon.readPublicKey(lab.key()).result);
  const secret = randomBytes(32);
  const before = await lab.count();
  const pkcs1 = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, secret);
  const request = { ...lab.key(), padding: 'pkcs1', hashName: undefined } as const;
  expect(await addon.decrypt(request, pkcs1, PIN).result).toEqual(secret);
  const oaep = publicEncrypt({ key, oaepHash: 'sha1' }, secret);
  const byOaep = { ...request, padding: 'oaep', hashName: 'SHA1' } as const;
  expect(await addon.decrypt(byOaep, oaep, PIN).result).toEqual(secret);
  const decrypted = (await lab.calls(before)).filter(({ call }) => call === 'CPDecrypt');
  expect(decrypted.map((call) => call.arguments)).toEqual([{ flags: 0 }, { flags: OAEP }]);
  expect((await lab.calls()).at(-1)).toMatchObject(released());
});

test('what the CSP cannot is refused before the card is touched', async () => {
  const { lab, request } = await withKey();
  const before = await lab.count();
  const refused = (call: { result: Promise<unknown> }, message: string) =>
    expect(call.result).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  const hash = randomBytes(32);
  const elliptic = { ...lab.key('E'), algorithm: 'ECDSA_P256', bits: 0, keySpec: 1 } as const;
  await refused(addon.createKey(elliptic, PIN), 'algorithm must be RSA');
  const tooLong = { ...elliptic, algorithm: 'RSA', bits: 65536 } as const;
  await refused(addon.createKey(tooLong, PIN), 'bits must be');
  const foreign = { ...elliptic, ...RSA, container: '鍵' } as const;
  await refused(addon.createKey(foreign, PIN), 'container must consist of');
  await refused(
    addon.listKeys({ provider: 'csp', readerName: '読' }),
    'readerName must consist of',
  );
  await refused(addon.signHash({ ...request, padding: 'pss' }, hash, PIN), 'padding must be pkcs1');
  await refused(addon.signHash({ ...request, padding: 'none' }, hash, PIN), 'padding must be');
  const oaep = { ...lab.key(), padding: 'oaep', hashName: 'SHA256' } as const;
  await refused(addon.decrypt(oaep, randomBytes(256), PIN), 'oaep with SHA1');
  for (const bytes of ['31820002aabb', '30820003aabb', '30820001aabb', '30', '3085', '308001']) {
    const certificate = Buffer.from(bytes, 'hex');
    await refused(addon.writeCertificate(lab.key(), certificate, PIN), 'one DER sequence');
  }
  expect(await lab.count()).toBe(before);
});

test('a list has the containers of its own reader', async () => {
  const lab = await KeyLab.fresh('csp', 2);
  expect(await addon.listKeys(lab.card()).result).toEqual([]);
  await lab.make({ ...RSA, container: 'One' });
  await lab.make({ ...RSA, container: 'Zwölf Schlüssel', keySpec: 2 });
  await lab.make({ ...RSA, ...lab.key('Elsewhere', 1) });
  const before = await lab.count();
  expect(await addon.listKeys(lab.card()).result).toEqual([
    { container: 'One', keySpec: 0 },
    { container: 'Zwölf Schlüssel', keySpec: 0 },
  ]);
  const parameter = (flags: number) => ({
    call: 'CPGetProvParam',
    arguments: { parameter: 2, flags },
  });
  expect(await lab.calls(before)).toMatchObject([
    acquired(lab, '', VERIFY_CONTEXT),
    parameter(1),
    parameter(2),
    parameter(2),
    released(),
  ]);
});

test('a certificate is written, read, and gone with its key', async () => {
  const { lab } = await withKey();
  expect(await addon.readCertificate(lab.key()).result).toBeNull();
  for (const length of [300, 5000]) {
    const header = Buffer.from([0x30, 0x82, length >> 8, length & 255]);
    const certificate = Buffer.concat([header, randomBytes(length)]);
    await addon.writeCertificate(lab.key(), certificate, PIN).result;
    expect(await addon.readCertificate(lab.key()).result).toEqual(certificate);
  }
  const before = await lab.count();
  await addon.deleteKey(lab.key(), PIN).result;
  expect(await lab.calls(before)).toMatchObject([
    acquired(lab, 'Key'),
    { call: 'CPGetUserKey' },
    { call: 'CPDestroyKey' },
    released(),
    acquired(lab, '', DEFAULT_OPTIONAL),
    given(),
    released(),
    acquired(lab, 'Key', DELETE_KEYSET),
    acquired(lab, '', DEFAULT_OPTIONAL),
    dropped(),
    released(),
  ]);
  expect(await addon.listKeys(lab.card()).result).toEqual([]);
});

test('a name that is taken stays what it is, and one that is not there costs no try', async () => {
  const { lab, request } = await withKey();
  const blob = await addon.readPublicKey(lab.key()).result;
  await expect(lab.make(RSA)).rejects.toMatchObject({ code: 'HRESULT', hresult: EXISTS });
  expect(await addon.readPublicKey(lab.key()).result).toEqual(blob);
  // What the code page lacks must not become a question mark, which may well be a name.
  await lab.make({ ...RSA, container: '?' });
  for (const container of ['Missing', '鍵']) {
    const missing = { ...request, container };
    const failure = { code: 'HRESULT', hresult: NO_SUCH_CONTAINER };
    const during = await lab.count();
    const signed = addon.signHash(missing, randomBytes(32), WRONG_PIN).result;
    await expect(signed).rejects.toMatchObject(failure);
    await expect(addon.deleteKey(missing, WRONG_PIN).result).rejects.toMatchObject(failure);
    await expect(addon.readPublicKey(missing).result).rejects.toMatchObject(failure);
    const calls = await lab.calls(during);
    expect(calls.map(({ call }) => call)).not.toContain('CPSetProvParam');
  }
});

test('an elliptic key of the card is listed, and no use', async () => {
  const lab = await KeyLab.fresh('csp');
  await lab.make({ provider: 'ksp' });
  expect(await addon.listKeys(lab.card()).result).toEqual([{ container: 'Key', keySpec: 0 }]);
  await expect(addon.readPublicKey(lab.key()).result).rejects.toMatchObject({
    hresult: BAD_ALGORITHM,
  });
});

test('a container without a key is told apart, and can be deleted', async () => {
  const lab = await KeyLab.fresh('csp');
  // The key is not made, and what takes the container back is not done either.
  await lab.script('CPGenKey', { result: 0x80090020 });
  await lab.script('CPAcquireContext', null, null, null, { result: 0x80090020 });
  await expect(lab.make(RSA)).rejects.toMatchObject({ hresult: 0x80090020 });
  await expect(lab.make(RSA)).rejects.toMatchObject({ hresult: EXISTS });
  await expect(addon.readPublicKey(lab.key()).result).rejects.toMatchObject({ hresult: NO_KEY });
  await addon.deleteKey(lab.key(), PIN).result;
  await lab.make(RSA);
  expect(await addon.listKeys(lab.card()).result).toEqual([{ container: 'Key', keySpec: 0 }]);
});

test("both providers use each other's keys", async () => {
  const { lab, sign } = await withKey();
  const ksp = { ...lab.key('By the KSP'), provider: 'ksp' } as const;
  await addon.createKey({ ...ksp, ...RSA, keySpec: 2 }, PIN).result;
  expect(await addon.listKeys(lab.card()).result).toEqual([
    { container: 'Key', keySpec: 0 },
    { container: 'By the KSP', keySpec: 0 },
  ]);
  expect(await addon.listKeys({ ...lab.card(), provider: 'ksp' }).result).toEqual([
    { container: 'Key', keySpec: 1 },
    { container: 'By the KSP', keySpec: 2 },
  ]);
  const data = randomBytes(100);
  const hash = createHash('sha256').update(data).digest();
  const scheme = { padding: 'pkcs1', hashName: 'SHA256' } as const;
  for (const container of ['Key', 'By the KSP']) {
    const key = rsaKeyOfLegacyBlob(await addon.readPublicKey(lab.key(container)).result);
    for (const provider of ['csp', 'ksp'] as const) {
      const request = { ...lab.key(container), provider, ...scheme };
      const signature = await addon.signHash(request, hash, PIN).result;
      expect(verify('sha256', data, key, signature)).toBe(true);
    }
  }
  await addon.deleteKey({ ...lab.key(), provider: 'ksp' }, PIN).result;
  await expect(sign()).rejects.toMatchObject({ hresult: NO_SUCH_CONTAINER });
});
