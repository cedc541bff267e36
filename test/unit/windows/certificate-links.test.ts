import { expect, it, vi } from 'vitest';
import type { CardConnection } from '../../../lib/backend/backend.js';
import { certificateFor } from '../../support/gids-card.js';
import { answer, WindowsCard } from './support/windows-card.js';

const RSA = { name: 'Log-on', algorithm: 'RSA-1024', keySpec: 'keyExchange' } as const;
const EC = { name: 'Mail', algorithm: 'EC-P256', keySpec: 'signature' } as const;

/** A card with keys that an earlier program made, as far as this manager knows. */
async function cardOfAnother() {
  const windows = await WindowsCard.open();
  const { pin } = windows.card;
  for (const spec of [RSA, EC]) await windows.card.connection().createContainer(spec, { pin });
  return { windows, pin, ...windows };
}

async function store(connection: CardConnection, name: string, subject: string, pin: Uint8Array) {
  const certificate = certificateFor(await connection.publicKey(name), subject);
  await connection.storeCertificate(name, certificate, { pin });
  return certificate;
}

it('a key of which nobody knows the maker is linked as programs of every kind find it', async () => {
  const { windows, connection, addon, pin } = await cardOfAnother();
  await store(connection, 'Log-on', 'one', pin);
  await store(connection, 'Mail', 'two', pin);
  expect(addon.stored).toMatchObject([
    { container: 'Log-on', provider: 'csp', keySpec: 1 },
    { container: 'Mail', provider: 'ksp', keySpec: 2 },
  ]);
  // On the card it is put by the provider that reaches it.
  const writes = windows.takeCalls().filter((call) => call.startsWith('writeCertificate'));
  expect(writes).toEqual(['writeCertificate ksp Log-on', 'writeCertificate ksp Mail']);
});

it('an RSA key that the CSP does not list is linked by the KSP', async () => {
  const { connection, addon, pin } = await cardOfAnother();
  addon.unlisted.add('csp Log-on');
  await store(connection, 'Log-on', 'one', pin);
  expect(addon.stored).toMatchObject([{ provider: 'ksp' }]);
});

it('a link that the user has to the key already names the provider of the next one', async () => {
  const { connection, addon, pin } = await cardOfAnother();
  const certificate = await store(connection, 'Log-on', 'one', pin);
  addon.stored.splice(0);
  addon.stored.push({ certificate, provider: 'ksp', container: 'LOG-ON', keySpec: 1 });
  await store(connection, 'Log-on', 'two', pin);
  expect(addon.stored.map(({ provider }) => provider)).toContain('ksp');
  expect(addon.stored.map(({ provider }) => provider)).not.toContain('csp');
});

it('a link to another key in a container of that name says nothing', async () => {
  const { connection, addon, pin } = await cardOfAnother();
  const certificate = certificateFor(await connection.publicKey('Mail'), 'foreign');
  addon.stored.push({ certificate, provider: 'ksp', container: 'Log-on', keySpec: 1 });
  const own = await store(connection, 'Log-on', 'own', pin);
  const link = addon.stored.find((each) => own.equals(each.certificate));
  expect(link).toMatchObject({ provider: 'csp' });
});

it('a store that does not list keeps no certificate out', async () => {
  const { windows, connection, addon, pin } = await cardOfAnother();
  windows.on('listStoredCertificates', () => answer(0x80070005));
  await store(connection, 'Log-on', 'one', pin);
  expect(addon.stored).toMatchObject([{ provider: 'csp' }]);
});

it('a damaged certificate on the card is replaced', async () => {
  const { windows, connection, addon, pin } = await cardOfAnother();
  await store(connection, 'Mail', 'one', pin);
  let isDamaged = true;
  windows.on('readCertificate', () => (isDamaged ? answer(0x80090005) : undefined));
  const second = await store(connection, 'Mail', 'two', pin);
  isDamaged = false;
  expect((await connection.certificate('Mail'))?.equals(second)).toBe(true);
  expect(addon.stored.some(({ certificate }) => second.equals(certificate))).toBe(true);
});

it('the name goes into the store with the certificate', async () => {
  const { connection, addon, pin } = await cardOfAnother();
  const certificate = certificateFor(await connection.publicKey('Mail'), 'one');
  await connection.storeCertificate('Mail', certificate, { pin, friendlyName: 'My mail' });
  expect(addon.stored).toMatchObject([{ friendlyName: 'My mail' }]);
  await connection.storeCertificate('Mail', certificate, { pin });
  expect(addon.stored).toMatchObject([{ friendlyName: 'My mail' }]);
});

it('a certificate that came after its call was given up, and stays, is told of', async () => {
  const { connection, addon, pin } = await cardOfAnother();
  await store(connection, 'Mail', 'one', pin);
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  try {
    addon.storeListener?.('lateCertificateLeft', 'Mail');
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('container "Mail"'), { code: 'VSC_CERTIFICATE_LEFT' }],
    ]);
  } finally {
    warn.mockRestore();
  }
});
