import { readFile } from 'node:fs/promises';
import type { Backend } from '../backend/backend.js';
import { inspectEmbeddedBackend } from '../backend/embedded/embedded-backend.js';
import { locateStateDirectory, StateDirectory } from '../backend/embedded/state-directory.js';
import type { StoreSettings } from '../backend/embedded/store-settings.js';
import { openServedBackend } from '../backend/served/served-backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { formatInstanceId } from '../instance-id.js';
import { parseTpmAddress } from '../tpm/tpm-address.js';
import { checkCards } from './cards.js';
import type { CertificateTerms } from './certificates.js';
import type { Findings } from './findings.js';
import { checkStateDirectory } from './state-directory.js';
import { checkDevice, checkFutureTpm, checkTpm } from './tpm.js';

/** Which store is looked at. */
export interface StorePlace {
  stateDirectory: string | undefined;
  tpm: string | undefined;
  ownerAuthorization: Uint8Array | undefined;
}

/** A store of the embedded backend: its files, its TPM, its cards. Nothing of it is changed. */
export async function checkStore(
  place: StorePlace,
  terms: CertificateTerms,
  findings: Findings,
): Promise<void> {
  const directory = new StateDirectory(locateStateDirectory(place.stateDirectory));
  const before = findings.list.length;
  const settings = await checkStateDirectory(directory, findings);
  if (!settings) {
    const isWrong = findings.list.slice(before).some(({ severity }) => severity === 'error');
    if (!isWrong) await checkFutureTpm(place.tpm, findings);
    return;
  }
  if (!(await mayUseTpm(place.tpm ?? settings.tpm, findings))) return;
  const backend = await openStore(directory, place, settings, findings);
  if (!backend) return;
  try {
    await checkTpm(backend, findings);
    const cards = await checkCards(backend, terms, findings);
    if (cards) await checkUnfinished(directory, cards, findings);
  } finally {
    await backend.close();
  }
}

async function mayUseTpm(address: string, findings: Findings): Promise<boolean> {
  const parsed = parseTpmAddress(address);
  return parsed.kind !== 'device' || checkDevice(parsed.path, findings);
}

/** The store itself, or, where another process has it and serves it, that process. */
async function openStore(
  directory: StateDirectory,
  place: StorePlace,
  { tpm }: StoreSettings,
  findings: Findings,
): Promise<Backend | undefined> {
  const subject = directory.root;
  try {
    const backend = await inspectEmbeddedBackend({ ...place, stateDirectory: directory.root });
    findings.ok('store-owner', 'No other process has the store open.', { subject });
    return backend;
  } catch (error) {
    if (VirtualSmartCardError.is(error, 'ERR_STATE_IN_USE')) {
      return openService(directory, place.tpm, error, findings);
    }
    findings.failure('store-open', `The store cannot be opened on its TPM ${tpm}.`, error, {
      subject,
    });
    return undefined;
  }
}

async function openService(
  { root }: StateDirectory,
  tpm: string | undefined,
  inUse: VirtualSmartCardError,
  findings: Findings,
): Promise<Backend | undefined> {
  const subject = root;
  const name = await programOf(inUse.holderPid);
  try {
    const backend = await openServedBackend(root, tpm);
    const pid = backend.servedBy ?? 0;
    findings.ok('store-owner', `Process ${pid}${name} has the store open and serves it.`, {
      detail: 'The TPM and the cards were looked at through it.',
      subject,
      facts: { holderPid: pid },
    });
    return backend;
  } catch (error) {
    if (!VirtualSmartCardError.is(error, 'ERR_SERVICE_GONE')) {
      findings.failure('service', 'The process that serves the store refuses to.', error, {
        subject,
      });
      return undefined;
    }
    const holder = inUse.holderPid ?? 'unknown';
    findings.warning(
      'store-owner',
      `Process ${holder}${name} has the store open and does not serve it.`,
      {
        detail: 'So its TPM and its cards could not be looked at.',
        remedy:
          'End that process, or let it be "virtual-smartcard serve", through which all others work.',
        subject,
        ...(inUse.holderPid !== undefined && { facts: { holderPid: inUse.holderPid } }),
      },
    );
    return undefined;
  }
}

/** What program a process runs, where Linux tells it: ` (node)`. */
async function programOf(pid: number | undefined): Promise<string> {
  if (pid === undefined || process.platform !== 'linux') return '';
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  return name === '' ? '' : ` (${name.trim()})`;
}

/** A card whose making was interrupted has a file, and is in no list. */
async function checkUnfinished(
  directory: StateDirectory,
  cards: readonly { instanceId: string }[],
  findings: Findings,
): Promise<void> {
  const files = await directory.instances('card').catch(() => []);
  for (const instance of files) {
    const subject = formatInstanceId(instance);
    if (cards.some(({ instanceId }) => instanceId === subject)) continue;
    findings.info('card-unfinished', 'The making of a card was interrupted.', {
      detail: 'Nobody was told of the card.',
      remedy: 'Open the store once, for example with "virtual-smartcard list": that removes it.',
      subject,
    });
  }
}
