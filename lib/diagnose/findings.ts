import { VirtualSmartCardError, type VirtualSmartCardErrorCode } from '../errors.js';
import type { DiagnosisFinding, DiagnosisSeverity } from './report.js';

/** What belongs to a finding besides its id, severity and title. */
type Rest = Omit<DiagnosisFinding, 'id' | 'severity' | 'title'>;
/** Whoever says that something is wrong says what to do about it, too. */
type Complaint = Rest & { remedy: string };

/** What has been found so far. */
export class Findings {
  readonly list: DiagnosisFinding[] = [];

  ok(id: string, title: string, rest: Rest = {}): void {
    this.#add('ok', id, title, rest);
  }

  info(id: string, title: string, rest: Rest = {}): void {
    this.#add('info', id, title, rest);
  }

  warning(id: string, title: string, rest: Complaint): void {
    this.#add('warning', id, title, rest);
  }

  error(id: string, title: string, rest: Complaint): void {
    this.#add('error', id, title, rest);
  }

  /**
   * What a call failed with.
   *
   * @throws whatever is no error of this library: a fault of the diagnosis itself
   */
  failure(
    id: string,
    title: string,
    error: unknown,
    { severity = 'error', ...rest }: Rest & { severity?: DiagnosisSeverity } = {},
  ): void {
    if (!VirtualSmartCardError.is(error)) throw error;
    const { code, message, retryAfterMs, holderPid } = error;
    const facts = {
      code,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(holderPid !== undefined && { holderPid }),
      ...rest.facts,
    };
    this.#add(severity, id, title, {
      detail: message,
      remedy: REMEDIES[code] ?? `docs/troubleshooting.md says what to do about ${code}.`,
      ...rest,
      facts,
    });
  }

  /** The form without what is undefined, so that it is in JSON as it is here. */
  #add(severity: DiagnosisSeverity, id: string, title: string, rest: Rest): void {
    this.list.push({ id, severity, title, ...rest });
  }
}

/** How many findings there are of each severity. */
export function countSeverities(
  findings: readonly DiagnosisFinding[],
): Record<DiagnosisSeverity, number> {
  const counts = { ok: 0, info: 0, warning: 0, error: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
}

/** What to do first where a call failed, in one sentence. */
const REMEDIES: Partial<Record<VirtualSmartCardErrorCode, string>> = {
  ERR_NATIVE_ADDON: 'Do what the message says, or install the package anew on this machine.',
  ERR_LIBTPMS_NOT_FOUND:
    'Install libtpms: "apt install libtpms0" on Debian and Ubuntu, "dnf install libtpms" on Fedora.',
  ERR_TPM_UNAVAILABLE:
    'See that the TPM is there and that this user may use it (group tss for /dev/tpmrm0), or that swtpm runs.',
  ERR_TPM_BUSY:
    'Close the software TPM that this process has open, or diagnose in another process.',
  ERR_TPM_AUTHORIZATION: 'Give the owner authorisation of the TPM (ownerAuthorization).',
  ERR_STATE_CORRUPT: 'Restore that file from a backup of the same state, or destroy the card.',
  ERR_STATE_IO: 'Make room on the disk, or correct the permissions of that path.',
  ERR_CARD_LOST: 'Destroy the card and make a new one: its keys cannot be had back.',
  ERR_NOT_SUPPORTED: 'Diagnose the backend that this platform has: leave the backend out.',
  ERR_ACCESS_DENIED: 'Run it as the user whom the store, the TPM or the reader belongs to.',
  ERR_SMART_CARD_SERVICE: 'Start the smart card service (SCardSvr), or pcscd off Windows.',
};
