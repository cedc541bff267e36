import { constants } from 'node:fs';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend, TpmStatus } from '../backend/backend.js';
import { DEFAULT_DEVICE } from '../backend/embedded/store-settings.js';
import { formatDuration } from '../duration.js';
import { VirtualSmartCardError } from '../errors.js';
import { openTransport, parseTpmAddress } from '../tpm/tpm-address.js';
import type { Findings } from './findings.js';

/** NV indices of a card with a PUK. */
const INDEXES_OF_A_CARD = 3;
/** When so much of the failures that a TPM bears has been used up, it is told. */
const NEAR_LOCKOUT = 0.5;

/** The TPM of an open backend: whether it answers, its lockout and how long to wait, its room. */
export async function checkTpm(backend: Backend, findings: Findings): Promise<void> {
  let status: TpmStatus;
  try {
    status = await backend.tpmStatus();
  } catch (error) {
    findings.failure('tpm', 'The TPM does not answer.', error);
    return;
  }
  const { address, kind, manufacturer, firmwareVersion } = status;
  const facts = { kind, manufacturer, firmwareVersion };
  findings.ok('tpm', `The TPM ${address} answers.`, { subject: address, facts });
  if (kind === 'software') warnOfSoftware(address, findings);
  checkLockout(status, findings);
  checkSpace(status, findings);
  if (status.device) checkProvisioned(status.device.ready, findings);
}

/** What a new store would take; where there is none yet, nothing is opened or made. */
export async function checkFutureTpm(
  wanted: string | undefined,
  findings: Findings,
): Promise<void> {
  const address = wanted ?? (await usableDevice(findings)) ?? 'libtpms';
  const parsed = parseTpmAddress(address);
  if (parsed.kind === 'device') await checkDevice(parsed.path, findings);
  if (parsed.kind !== 'libtpms') return;
  await checkLibtpms(findings);
  warnOfSoftware('libtpms', findings);
}

/** The device of a store that has one: why it cannot be opened is told best by its file. */
export async function checkDevice(path: string, findings: Findings): Promise<boolean> {
  const failure = await accessFailure(path);
  if (failure === undefined) {
    findings.ok('tpm-device', `This user may use ${path}.`, { subject: path });
    return true;
  }
  if (failure === 'ENOENT') {
    findings.error('tpm-device', `There is no ${path}.`, {
      detail: 'The machine has no TPM 2.0, its firmware hides it, or the kernel lacks its driver.',
      remedy:
        'Switch the TPM on in the firmware setup (TPM, PTT or fTPM), and see that "ls /dev/tpm*" shows it.',
      subject: path,
    });
  } else
    findings.error('tpm-device', `This user may not use ${path} (${failure}).`, forbidden(path));
  return false;
}

/** The TPM device where there is one that may be used. One that may not be used is worth a warning. */
async function usableDevice(findings: Findings): Promise<string | undefined> {
  const failure = await accessFailure(DEFAULT_DEVICE);
  if (failure === undefined) return `device:${DEFAULT_DEVICE}`;
  if (failure !== 'ENOENT') {
    findings.warning(
      'tpm-device',
      `There is a TPM device, and this user may not use it (${failure}): a new store takes a software TPM.`,
      forbidden(DEFAULT_DEVICE),
    );
  }
  return undefined;
}

function forbidden(path: string) {
  return {
    remedy:
      'Make the user a member of the group tss ("sudo usermod -aG tss USER") and log in anew.',
    subject: path,
  };
}

/** The errno's name; undefined when the file can be read and written. */
async function accessFailure(path: string): Promise<string | undefined> {
  return access(path, constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? 'unknown error',
  );
}

/** Starts libtpms on a folder of its own, which is removed again. */
async function checkLibtpms(findings: Findings): Promise<void> {
  const tpmStateDirectory = await mkdtemp(join(tmpdir(), 'virtual-smartcard-'));
  try {
    const transport = await openTransport('libtpms', { tpmStateDirectory });
    await transport.close();
    findings.ok('libtpms', 'libtpms is installed and starts.');
  } catch (error) {
    // Then it is there, and in use by this process.
    if (VirtualSmartCardError.is(error, 'ERR_TPM_BUSY')) return;
    findings.failure('libtpms', 'libtpms cannot be started.', error);
  } finally {
    await rm(tpmStateDirectory, { recursive: true, force: true });
  }
}

function warnOfSoftware(subject: string, findings: Findings): void {
  findings.info('tpm-software', 'The TPM is software.', {
    detail: 'Its keys are its files: whoever has a copy of them can try PINs offline.',
    remedy: 'For more than tests take a TPM chip: a new store with tpm "device:/dev/tpmrm0".',
    subject,
  });
}

function checkLockout(status: TpmStatus, findings: Findings): void {
  const { address: subject, inLockout, retryAfterMs, lockoutCounter, maxAuthFail } = status;
  const { lockoutIntervalMs } = status;
  const facts = { inLockout, retryAfterMs, lockoutCounter, maxAuthFail, lockoutIntervalMs };
  const healing = `One failure is forgotten every ${formatDuration(lockoutIntervalMs)} while the TPM has power.`;
  const counted = `${lockoutCounter} of ${maxAuthFail} failures are counted. ${healing}`;
  if (inLockout) {
    findings.error('tpm-lockout', 'The TPM is locked out: it refuses right PINs, too.', {
      detail: `${counted} A new try is possible in ${formatDuration(retryAfterMs)} at the latest.`,
      remedy: `Wait ${formatDuration(retryAfterMs)}, or "virtual-smartcard tpm reset-lockout" with the lockout authorisation.`,
      subject,
      facts,
    });
  } else if (maxAuthFail > 0 && lockoutCounter >= NEAR_LOCKOUT * maxAuthFail) {
    findings.warning('tpm-lockout', 'The TPM is near its lockout.', {
      detail: counted,
      remedy: `Find out who gives wrong PINs. All failures are forgotten in ${formatDuration(lockoutCounter * lockoutIntervalMs)}.`,
      subject,
      facts,
    });
  } else {
    findings.ok('tpm-lockout', 'The TPM is not locked out.', { detail: counted, subject, facts });
  }
}

function checkSpace({ address, nvCountersAvailable }: TpmStatus, findings: Findings): void {
  if (nvCountersAvailable === undefined) return;
  const facts = { nvCountersAvailable };
  const subject = address;
  if (nvCountersAvailable >= INDEXES_OF_A_CARD) {
    findings.ok('tpm-space', 'The TPM has room for another card.', { subject, facts });
    return;
  }
  findings.warning('tpm-space', 'The TPM has hardly room for another card.', {
    detail: `It has room for ${nvCountersAvailable} more NV counters by its own estimate; a card takes 2 or 3 NV indices.`,
    remedy:
      'Destroy a card, or have the owner of the TPM free NV indices that nothing uses (tpm2_nvundefine).',
    subject,
    facts,
  });
}

/** Windows makes virtual smart cards only on a TPM that it has provisioned. */
function checkProvisioned(ready: boolean, findings: Findings): void {
  if (ready) {
    findings.ok('tpm-ready', 'Windows has provisioned the TPM.');
    return;
  }
  findings.error('tpm-ready', 'Windows has not provisioned the TPM.', {
    remedy: 'Open tpm.msc and choose "Prepare the TPM", or run Initialize-Tpm as an administrator.',
  });
}
