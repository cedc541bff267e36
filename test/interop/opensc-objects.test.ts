import { generateKeyPairSync, verify, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { KeySpec } from '../../lib/backend/backend.js';
import type { VirtualSmartCardKey } from '../../lib/index.js';
import {
  certifyByOpenssl,
  FIRST_READER,
  file,
  inserted,
  pkcs15Init,
  pkcs15Objects,
  section,
  storeWithReaders,
  succeed,
} from '../support/opensc.js';
import { cardOptions } from '../support/store.js';

test("OpenSC sees our API's keys and certificates: label, id, length and usage", async () => {
  const { manager, publish } = await storeWithReaders();
  const { pin, ...options } = cardOptions();
  const card = await manager.create({ ...options, pin });
  const spec = (container: string, algorithm: 'RSA-1024' | 'RSA-2048', keySpec: KeySpec) =>
    card.createKey({ container, algorithm, keySpec }, { pin });
  const exchange = await spec('exchange', 'RSA-2048', 'keyExchange');
  await spec('signature', 'RSA-1024', 'signature');
  const enrolled = await card.enroll(
    '[NewRequest]\nSubject = "CN=Jo Public"\nKeyLength = 2048\nRequestType = Cert\n',
    { pin },
  );
  await using _publication = await publish();
  await inserted(FIRST_READER);

  const listed = await pkcs15Objects();
  const [first, second, third] = [exchange.container, 'signature', enrolled.container].map(
    (label) => section(listed, `Private RSA Key [${label}]`),
  );
  expect(first).toMatchObject({ Usage: '[0x06], decrypt, sign', ModLength: '2048', ID: '00' });
  expect(second).toMatchObject({ Usage: '[0x04], sign', ModLength: '1024', ID: '01' });
  expect(third).toMatchObject({ ModLength: '2048', ID: '02' });
  expect(section(listed, `X.509 Certificate [${enrolled.container}]`)).toMatchObject({ ID: '02' });
  const read = await succeed('pkcs15-tool', '--reader', FIRST_READER, '--read-certificate', '02');
  expect(new X509Certificate(read.stdout).raw.equals(enrolled.der)).toBe(true);
  const publicKey = ['pkcs15-tool', '--reader', FIRST_READER, '--read-public-key', '00'];
  const pem = exchange.publicKey.export({ type: 'spki', format: 'pem' });
  expect((await succeed(...publicKey)).stdout).toContain(pem.toString().trim());
});

test("our API sees OpenSC's keys and certificates, and the end of them", async () => {
  const { directory, manager, publish } = await storeWithReaders();
  const { pin, ...options } = cardOptions({ allowKeyImport: true });
  const card = await manager.create({ ...options, pin });
  await using _publication = await publish();
  await inserted(FIRST_READER);

  await pkcs15Init(pin, '--generate-key', 'rsa/2048', '--label', 'generated');
  const imported = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = imported.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const path = await file(directory, 'imported.pem', pem);
  await pkcs15Init(pin, '--store-private-key', path, '--label', 'imported');
  const keys = await card.keys();
  expect(keys.map(({ container, algorithm }) => [container, algorithm])).toEqual([
    ['generated', 'RSA-2048'],
    ['imported', 'RSA-2048'],
  ]);
  const [generated, ofImport] = keys;
  if (!generated || !ofImport) throw new Error('keys are missing');
  expect(ofImport.publicKey.equals(imported.publicKey)).toBe(true);
  for (const key of keys) await expectSigns(key, pin);

  const certificate = await certifyByOpenssl(directory, generated);
  await pkcs15Init(pin, '--store-certificate', certificate, '--id', '00', '--label', 'of it');
  const [stored] = await card.certificates();
  expect(stored?.container).toBe('generated');
  expect(stored?.x509.subject).toBe('CN=generated');
  expect(stored?.der.equals(new X509Certificate(await readFile(certificate)).raw)).toBe(true);

  await pkcs15Init(pin, '--delete-objects', 'cert', '--id', '00');
  expect(await card.certificates()).toEqual([]);
  await expectSigns(generated, pin);
  await pkcs15Init(pin, '--delete-objects', 'privkey,pubkey', '--id', '00');
  expect((await card.keys()).map(({ container }) => container)).toEqual(['imported']);
  await expectSigns(ofImport, pin);
  const fresh = await card.createKey({ algorithm: 'RSA-2048', container: 'ours' }, { pin });
  await expectSigns(fresh, pin);
  const listed = await pkcs15Objects();
  for (const label of ['ours', 'imported']) expect(listed).toContain(`Private RSA Key [${label}]`);
});

test('what OpenSC leaves when the card takes no key from outside does not disturb our API', async () => {
  const { directory, manager, publish } = await storeWithReaders();
  const { pin, ...options } = cardOptions();
  const card = await manager.create({ ...options, pin });
  await using _publication = await publish();
  await inserted(FIRST_READER);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const path = await file(
    directory,
    'key.pem',
    privateKey.export({ type: 'pkcs8', format: 'pem' }),
  );
  await expect(pkcs15Init(pin, '--store-private-key', path, '--label', 'x')).rejects.toThrow();
  // A container without a key, since OpenSC makes it before it sends the key.
  expect((await card.containers()).map(({ name }) => name)).toEqual(['x']);
  expect(await card.keys()).toEqual([]);
  const key = await card.createKey({ algorithm: 'EC-P256', container: 'own' }, { pin });
  await expectSigns(key, pin);
  await card.deleteKey('x', { pin });
  expect((await card.containers()).map(({ name }) => name)).toEqual(['own']);
});

async function expectSigns(key: VirtualSmartCardKey, pin: Uint8Array): Promise<void> {
  const data = Buffer.from('data');
  const algorithm = key.algorithm.startsWith('RSA') ? 'RSA-SHA256' : 'ECDSA-SHA256';
  const signature = await key.sign(algorithm, data, { pin });
  expect(verify('sha256', data, key.publicKey, signature)).toBe(true);
}
