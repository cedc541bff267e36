import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPfx } from '../../../lib/pfx/pfx.js';
import { PfxError } from '../../../lib/pfx/pfx-error.js';
import { pkcs12Password } from '../../../lib/pfx/pkcs12-key.js';
import { expectError } from '../../support/expect-error.js';
import { OpensslCa } from '../../support/openssl-ca.js';
import { temporaryDirectory } from '../../support/store.js';
import { makeCard } from '../face/card-fixture.js';

const PASSWORD = 'Pässwörd € 😀';

/** A PFX that openssl makes of a key that it makes, with the certificate of a CA. */
async function newPfx(newKey: string[], options: string[], password = PASSWORD) {
  const ca = await OpensslCa.make(await temporaryDirectory(), 'EC');
  const request = ['req', '-new', '-nodes', '-keyout', 'jo.key', '-out', 'jo.csr'];
  await ca.openssl(...request, ...newKey, '-subj', '/CN=Jo');
  await ca.sign(await ca.read('jo.csr'));
  await ca.write('chain.pem', `${await ca.read('ca.pem')}${await ca.read('root.pem')}`);
  const parts = ['-inkey', 'jo.key', '-in', 'leaf.pem', '-certfile', 'chain.pem', '-out', 'jo.pfx'];
  await ca.openssl('pkcs12', '-export', ...parts, '-passout', `pass:${password}`, ...options);
  return { ca, pfx: await readFile(join(ca.directory, 'jo.pfx')) };
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const EC384 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'];
const RSA = ['-newkey', 'rsa:2048'];

test.each([
  ['RSA, as openssl does it today', RSA, []],
  ['EC, as openssl does it today', EC, []],
  ['EC, as openssl 1 did it', EC384, ['-legacy']],
  ['RSA, as openssl 1 did it', RSA, ['-legacy']],
  ['triple DES', EC, ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
  ['two-key triple DES', EC, ['-certpbe', 'PBE-SHA1-2DES', '-keypbe', 'PBE-SHA1-2DES']],
  [
    'RC2 of 128 bits',
    EC,
    ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128', '-keypbe', 'PBE-SHA1-RC2-128'],
  ],
  ['AES-128', EC, ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-192-CBC', '-macalg', 'sha512']],
  ['nothing but a MAC', EC, ['-keypbe', 'NONE', '-certpbe', 'NONE', '-macalg', 'sha384']],
  ['many rounds', EC, ['-iter', '100000']],
])('a PFX (%s) brings key, certificate and chain', async (_name, newKey, options) => {
  const { ca, pfx } = await newPfx(newKey, options);
  const { card, withPin } = await makeCard({ allowKeyImport: true });
  const imported = { ...withPin, password: PASSWORD, container: 'from-file' };
  const certificate = await card.importPfx(pfx, imported);
  expect(certificate.container).toBe('from-file');
  const { key, x509 } = certificate;
  expect(key.publicKey.equals(createPublicKey(await ca.read('jo.key')))).toBe(true);
  expect(x509.raw.equals(new X509Certificate(await ca.read('leaf.pem')).raw)).toBe(true);
  const chain = await certificate.chain();
  expect(chain).toHaveLength(2);
  expect(await ca.verify(certificate.pem, chain.slice(0, 1).map(String))).toBe('checked.pem: OK');
  const algorithm = key.algorithm.startsWith('RSA') ? 'RSA-SHA256' : 'ECDSA-SHA256';
  await ca.write('signature', await key.sign(algorithm, 'data', withPin));
  await ca.write('data', 'data');
  await ca.write('public.pem', String(key.publicKey.export({ type: 'spki', format: 'pem' })));
  const verify = ['dgst', '-sha256', '-verify', 'public.pem', '-signature', 'signature', 'data'];
  expect(await ca.openssl(...verify)).toBe('Verified OK\n');
});

test('a PFX without a password', async () => {
  const { pfx } = await newPfx(EC, [], '');
  const { card, withPin } = await makeCard({ allowKeyImport: true });
  expect((await card.importPfx(pfx, { ...withPin, password: '' })).x509.subject).toBe('CN=Jo');
});

test('what goes wrong is said, and leaves nothing on the card', async () => {
  const { ca, pfx } = await newPfx(EC, []);
  const { card, withPin, wrongPin } = await makeCard({ allowKeyImport: true });
  const password = PASSWORD;
  const wrongPassword = { ...withPin, password: 'Passwörd € 😀' };
  await expectError(card.importPfx(pfx, wrongPassword), 'ERR_PFX_PASSWORD_INCORRECT');
  const damaged = Buffer.from(pfx);
  const middle = damaged.length >> 1;
  damaged[middle] = (damaged[middle] ?? 0) ^ 1;
  await expectError(
    card.importPfx(damaged, { ...withPin, password }),
    'ERR_PFX_PASSWORD_INCORRECT',
  );
  await expectError(card.importPfx(pfx, { pin: wrongPin, password }), 'ERR_PIN_INCORRECT');
  await expectError(card.importPfx(pfx, { password }), 'ERR_PIN_REQUIRED');
  const notUtf8 = card.importPfx(pfx, { ...withPin, password: Buffer.of(0xff) });
  await expectError(notUtf8, 'ERR_INVALID_ARGUMENT');
  for (const bytes of [randomBytes(100), pfx.subarray(0, 200), new Uint8Array(0)]) {
    const error = await expectError(
      card.importPfx(bytes, { ...withPin, password }),
      'ERR_INVALID_ARGUMENT',
    );
    expect(error).toMatchObject({ parameter: 'pfx' });
  }
  await ca.openssl(
    ...['pkcs12', '-export', '-nokeys', '-in', 'leaf.pem', '-out', 'nokey.pfx'],
    ...['-passout', `pass:${password}`],
  );
  const withoutKey = await readFile(join(ca.directory, 'nokey.pfx'));
  await expectError(card.importPfx(withoutKey, { ...withPin, password }), 'ERR_INVALID_ARGUMENT');
  expect(await card.containers()).toEqual([]);

  const closed = await makeCard();
  const notAllowed = closed.card.importPfx(pfx, { ...closed.withPin, password });
  await expectError(notAllowed, 'ERR_KEY_IMPORT_NOT_ALLOWED');
  expect(await closed.card.containers()).toEqual([]);
});

test('a file that asks for endless rounds is refused', async () => {
  const { pfx } = await newPfx(EC, ['-iter', '65537']);
  // INTEGER 65537 becomes INTEGER 16711681, in the MAC and everywhere else.
  const hostile = Buffer.from(pfx.toString('hex').replaceAll('0203010001', '0203ff0001'), 'hex');
  hostile.set(
    Buffer.from('02037fffff', 'hex'),
    hostile.lastIndexOf(Buffer.from('0203ff0001', 'hex')),
  );
  const utf8 = Buffer.from(PASSWORD);
  const reading = readPfx(hostile, { utf8, utf16: pkcs12Password(utf8) });
  await expect(reading).rejects.toThrow(PfxError);
  await expect(reading).rejects.toThrow('rounds');
});
