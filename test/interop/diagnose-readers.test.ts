import { appendFile, chown } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Findings } from '../../lib/diagnose/findings.js';
import { checkReaders } from '../../lib/diagnose/readers.js';
import { diagnose } from '../../lib/index.js';
import { installReader, type ReaderPlaces } from '../../lib/pcsc/reader-installation.js';
import { Pcscd } from '../support/pcscd.js';
import { cardOptions, openManager, otherPin, temporaryDirectory } from '../support/store.js';

async function told(places: ReaderPlaces): Promise<Findings> {
  const findings = new Findings();
  await checkReaders({ isNeeded: true, places }, findings);
  return findings;
}

/** As `severity id`, of readers only how many there are. */
function ids({ list }: Findings): string[] {
  const others = list.filter(({ id }) => id !== 'reader');
  return others.map(({ severity, id }) => `${severity} ${id}`);
}

test('pcscd, our reader, and the cards in it are told, and what is wrong with a card', async () => {
  const pcscd = await Pcscd.start();
  const manager = await openManager(await temporaryDirectory());
  const options = cardOptions();
  const card = await manager.create({ ...options, generate: true });
  const publication = await manager.publish({ directory: pcscd.places.directory });
  const readerName = publication.readerOf(card.instanceId);
  const findings = await told(pcscd.places);
  expect(ids(findings)).toEqual(['ok reader-driver', 'ok pcscd']);
  const readers = findings.list.filter(({ id }) => id === 'reader');
  expect(readers.find(({ subject }) => subject === readerName)).toMatchObject({
    title: 'There is a card in the reader.',
    facts: { atr: expect.stringMatching(/^3b/) },
  });
  expect(readers.length).toBeGreaterThan(1);

  for (let i = 0; i < 5; i++) await card.verifyPin(otherPin(options.pin)).catch(() => undefined);
  const report = await diagnose({ backend: 'pcsc' });
  expect(report.findings.find(({ id }) => id === 'pin-blocked')).toMatchObject({
    severity: 'error',
    subject: `READER\\${readerName}`,
  });
  expect(report.versions.libpcsclite).toContain('libpcsclite');
});

test('a driver that is another one, and a pcscd that does not run, are told', async () => {
  const pcscd = await Pcscd.start();
  await appendFile(join(pcscd.places.libraryDirectory, 'virtual-smartcard-ifd.so'), 'x');
  await pcscd.stop();
  expect(ids(await told(pcscd.places))).toEqual(['warning reader-driver', 'error pcscd']);
  const nowhere = { ...pcscd.places, configDirectory: '/nowhere' };
  expect(ids(await told(nowhere))).toEqual(['info reader-not-installed', 'error pcscd']);
});

test('a pcscd without our reader is told to be restarted', async () => {
  await Pcscd.start({ configuration: () => '# no reader\n' });
  const folder = await temporaryDirectory();
  const places = {
    configDirectory: join(folder, 'reader.conf.d'),
    libraryDirectory: join(folder, 'lib'),
    directory: join(folder, 'readers'),
  };
  await installReader(places, { uid: 0, gid: 0 });
  const findings = await told(places);
  expect(ids(findings)).toEqual(['ok reader-driver', 'ok pcscd', 'warning reader-not-loaded']);
  await chown(places.directory, 12_345, 12_345);
  expect(ids(await told(places))).toContain('warning reader-owner');
});
