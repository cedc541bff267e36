import {
  constants,
  generateKeyPairSync,
  publicEncrypt,
  verify,
  X509Certificate,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VirtualSmartCard, VirtualSmartCardKey } from '../../lib/index.js';
import { certifyByOpenssl, section } from '../support/opensc.js';
import { CardUnderTest, OURS, unless } from './card-under-test.js';

const DATA = Buffer.from('what is signed');

let gids: CardUnderTest;
let card: VirtualSmartCard;
let pin: string;
/** The containers that were there before. */
let others: string[];

beforeAll(async () => {
  gids = await CardUnderTest.open();
  ({ pin } = gids);
  card = await gids.card();
  others = (await card.containers()).map(({ name }) => name);
});

afterAll(() => gids?.close());

test("our API sees OpenSC's key and certificate, and the end of them", async () => {
  const name = `${OURS}opensc`;
  await gids.pkcs15Init('--generate-key', 'rsa/2048', '--label', name);
  const key = await card.key(name);
  expect([key.algorithm, key.keySpec]).toEqual(['RSA-2048', 'signature']);
  await expectSigns(key);
  const id = await idOf(name);
  const certificate = await certifyByOpenssl(gids.folder, key);
  await gids.pkcs15Init('--store-certificate', certificate, '--id', id, '--label', name);
  const [stored] = (await card.certificates()).filter(({ container }) => container === name);
  expect(stored?.der).toEqual(new X509Certificate(await readFile(certificate)).raw);
  await gids.pkcs15Init('--delete-objects', 'cert', '--id', id);
  expect((await containerOf(name))?.hasCertificate).toBe(false);
  await expectSigns(key);
  await gids.pkcs15Init('--delete-objects', 'privkey,pubkey', '--id', id);
  expect(await containerOf(name)).toBeUndefined();
});

test('OpenSC sees the key and the certificate that our API enrolls, and signs and decrypts', async () => {
  const name = `${OURS}enrolled`;
  const inf = `[NewRequest]\nSubject = "CN=Jo Public"\nKeyLength = 2048\nRequestType = Cert\nKeyContainer = "${name}"\n`;
  const certificate = await card.enroll(inf, { pin });
  const id = await idOf(name);
  const listed = await gids.openSc('pkcs15-tool', '-D');
  expect(section(listed, `Private RSA Key [${name}]`)).toMatchObject({
    Usage: '[0x06], decrypt, sign',
    ModLength: '2048',
    ID: id,
  });
  expect(section(listed, `X.509 Certificate [${name}]`)).toMatchObject({ ID: id });
  const read = await gids.openSc('pkcs15-tool', '--read-certificate', id);
  expect(new X509Certificate(read).raw).toEqual(certificate.der);

  await expectSigns(certificate.key);
  await expectOpenScSigns(certificate.key, id);
  const padding = constants.RSA_PKCS1_PADDING;
  const secret = Buffer.from('a secret');
  const encrypted = publicEncrypt({ key: certificate.key.publicKey, padding }, secret);
  expect(await certificate.key.decrypt('RSA-PKCS1', encrypted, { pin })).toEqual(secret);
  const input = await gids.file('encrypted', encrypted);
  expect(await openScDoes('--decipher', id, input)).toEqual(secret);
  const oaep = publicEncrypt({ key: certificate.key.publicKey, oaepHash: 'sha256' }, secret);
  expect(await certificate.key.decrypt('RSA-OAEP-SHA256', oaep, { pin })).toEqual(secret);
  await card.deleteKey(name, { pin });
  expect(await gids.openSc('pkcs15-tool', '-D')).not.toContain(name);
});

test('a key for signatures is one for OpenSC, too', async () => {
  const name = `${OURS}signature`;
  const key = await card.createKey(
    { container: name, algorithm: 'RSA-2048', keySpec: 'signature' },
    { pin },
  );
  const listed = await gids.openSc('pkcs15-tool', '-D');
  expect(section(listed, `Private RSA Key [${name}]`)).toMatchObject({ Usage: '[0x04], sign' });
  await expectOpenScSigns(key, await idOf(name));
  await card.deleteKey(name, { pin });
});

test('two keys that OpenSC gives one label are two keys', async () => {
  const name = `${OURS}twice`;
  for (const _ of [1, 2]) await gids.pkcs15Init('--generate-key', 'rsa/2048', '--label', name);
  const keys = (await card.keys()).filter(({ container }) => container.startsWith(name));
  expect(keys).toHaveLength(2);
  expect(keys[0]?.publicKey.equals(keys[1]?.publicKey as never)).toBe(false);
  for (const key of keys) await expectSigns(key);
  // The last one first: a name with an index is gone when the other of the name is.
  for (const { container } of keys.reverse()) await card.deleteKey(container, { pin });
});

test.each(['RSA-1024', 'RSA-3072', 'EC-P256', 'EC-P384'] as const)(
  '%s: the card makes such a key, or it is said that it cannot, and nothing is left',
  async (algorithm) => {
    const container = `${OURS}${algorithm}`;
    const key = await unless(
      ['ERR_ALGORITHM_NOT_SUPPORTED'],
      card.createKey({ container, algorithm }, { pin }),
    );
    expect((await containerOf(container))?.algorithm).toBe(key && algorithm);
    if (!key) return;
    await expectSigns(key);
    await card.deleteKey(container, { pin });
  },
);

test.each([
  ['RSA-2048', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['RSA-3072', () => generateKeyPairSync('rsa', { modulusLength: 3072 })],
  ['EC-P256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
] as const)(
  'import of %s: the card takes the key, or it is said that it does not, and nothing is left',
  async (_name, generate) => {
    const { privateKey, publicKey } = generate();
    const container = `${OURS}imported`;
    const refusals = ['ERR_ALGORITHM_NOT_SUPPORTED', 'ERR_KEY_IMPORT_NOT_ALLOWED', 'ERR_STATE_IO'];
    await card.verifyPin(pin);
    const key = await unless(refusals, card.importKey({ container, privateKey }));
    expect((await containerOf(container)) !== undefined).toBe(key !== undefined);
    if (key) {
      expect(key.publicKey.equals(publicKey)).toBe(true);
      await expectSigns(key);
      await card.deleteKey(container);
    }
    await card.logout();
  },
);

test('nothing of all that is left, and what was there before still is', async () => {
  expect((await card.containers()).map(({ name }) => name)).toEqual(others);
});

async function containerOf(name: string) {
  return (await card.containers()).find((container) => container.name === name);
}

/** The id that OpenSC gives the objects of a container: its index. */
async function idOf(name: string): Promise<string> {
  const container = await containerOf(name);
  if (container?.index === undefined) throw new Error(`no container ${name}`);
  return container.index.toString(16).padStart(2, '0');
}

/** By each padding, and node:crypto verifies it. */
async function expectSigns(key: VirtualSmartCardKey): Promise<void> {
  if (key.algorithm.startsWith('EC')) {
    const signature = await key.sign('ECDSA-SHA256', DATA, { pin });
    expect(verify('sha256', DATA, key.publicKey, signature)).toBe(true);
    return;
  }
  const pkcs1 = await key.sign('RSA-SHA256', DATA, { pin });
  expect(verify('sha256', DATA, key.publicKey, pkcs1)).toBe(true);
  const pss = await key.sign('RSA-PSS-SHA256', DATA, { pin });
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  expect(verify('sha256', DATA, { key: key.publicKey, padding }, pss)).toBe(true);
}

async function expectOpenScSigns(key: VirtualSmartCardKey, id: string): Promise<void> {
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', DATA));
  const input = await gids.file('digest', digest);
  const signature = await openScDoes('--sign', id, input, '--sha-256');
  expect(verify('sha256', DATA, key.publicKey, signature)).toBe(true);
}

async function openScDoes(action: string, id: string, input: string, ...words: string[]) {
  const output = gids.path('output');
  const files = ['--input', input, '--output', output];
  const with15 = ['--key', id, '--pkcs1', '--pin', pin, ...words, ...files];
  await gids.openSc('pkcs15-crypt', action, '--raw', ...with15);
  return readFile(output);
}
