import { readFile, stat } from 'node:fs/promises';
import { PCSC_LIMITS, PcscSystem } from '../backend/pcsc/pcsc-system.js';
import { loadPcscAddon, type PcscReader } from '../native-pcsc.js';
import { findReaderDriver } from '../pcsc/reader-driver.js';
import {
  READER_PLACES,
  type ReaderPlaces,
  readerConfiguration,
} from '../pcsc/reader-installation.js';
import { READER_NAME } from '../pcsc/reader-target.js';
import type { Findings } from './findings.js';

/** Where the reader is, and whether the cards in readers are what is looked at. */
export interface ReaderTerms {
  isNeeded: boolean;
  places?: ReaderPlaces | undefined;
}

/** pcscd, our reader in it, and the readers that it has. A store works without all of it. */
export async function checkReaders(
  { isNeeded, places = READER_PLACES }: ReaderTerms,
  findings: Findings,
): Promise<void> {
  const isInstalled = await checkInstallation(places, findings);
  const readers = await listReaders(isNeeded, findings);
  if (!readers) return;
  findings.ok('pcscd', 'pcscd runs.', { facts: { readers: readers.length } });
  for (const { readerName, atr } of readers) {
    const title = atr.length > 0 ? 'There is a card in the reader.' : 'The reader is empty.';
    const facts = { atr: atr.toString('hex') };
    findings.ok('reader', title, { subject: readerName, ...(atr.length > 0 && { facts }) });
  }
  const hasOurs = readers.some(({ readerName }) => readerName.startsWith(`${READER_NAME} `));
  if (isInstalled && !hasOurs) {
    findings.warning('reader-not-loaded', 'Our reader is installed, and pcscd does not have it.', {
      remedy:
        'Restart pcscd: "sudo systemctl restart pcscd". If that does not help, look at its log.',
      subject: readerConfiguration(places).path,
    });
  }
}

async function listReaders(
  isNeeded: boolean,
  findings: Findings,
): Promise<PcscReader[] | undefined> {
  try {
    const system = new PcscSystem(loadPcscAddon(), PCSC_LIMITS);
    return await system.ask('Listing the readers', () => system.addon.listReaders());
  } catch (error) {
    const remedy = 'Install and start pcscd: "apt install pcscd", "systemctl start pcscd.socket".';
    findings.failure('pcscd', 'pcscd cannot be used.', error, {
      severity: isNeeded ? 'error' : 'info',
      remedy: isNeeded ? remedy : `Nothing, unless cards are to be published. Then: ${remedy}`,
    });
    return undefined;
  }
}

/** @returns whether our reader is installed */
async function checkInstallation(places: ReaderPlaces, findings: Findings): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const { path } = readerConfiguration(places);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const library = /^LIBPATH\s+(\S+)$/m.exec(text ?? '')?.[1];
  const device = /^DEVICENAME\s+\/dev\/null:(\S+)$/m.exec(text ?? '')?.[1];
  if (library === undefined || device === undefined) {
    findings.info('reader-not-installed', 'Our reader of pcscd is not installed.', {
      remedy:
        'Nothing, unless cards are to be published. Then: "sudo virtual-smartcard install-reader".',
    });
    return false;
  }
  const remedy = 'Install it anew: "sudo virtual-smartcard install-reader", and restart pcscd.';
  const installed = await readFile(library).catch(() => undefined);
  if (!installed) {
    findings.warning('reader-driver', "The reader's driver is gone.", { remedy, subject: library });
  } else if (!installed.equals(await readFile(findReaderDriver()))) {
    findings.warning(
      'reader-driver',
      "The reader's driver is of another version than this package.",
      {
        remedy,
        subject: library,
      },
    );
  } else findings.ok('reader-driver', 'Our reader of pcscd is installed.', { subject: library });
  await checkOwner(device, findings);
  return true;
}

async function checkOwner(directory: string, findings: Findings): Promise<void> {
  const status = await stat(directory).catch(() => undefined);
  const user = process.geteuid?.();
  if (status?.uid === user) return;
  const title = status
    ? `Our reader takes cards of user ${status.uid} only.`
    : "The directory of the reader's sockets is gone.";
  findings.warning('reader-owner', title, {
    remedy:
      'To publish as this user: "sudo virtual-smartcard uninstall-reader", then "install-reader --user USER".',
    subject: directory,
  });
}
