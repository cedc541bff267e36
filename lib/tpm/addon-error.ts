import { VirtualSmartCardError, type VirtualSmartCardErrorCode } from '../errors.js';

/** What an error of the addon is to a user of a transport: code, and what to do. */
type Meaning = readonly [code: VirtualSmartCardErrorCode, advice: string];

const LIBTPMS_PACKAGES =
  'Install it: libtpms0 on Debian and Ubuntu (apt install libtpms0), libtpms on Fedora (dnf install libtpms) and with Homebrew (brew install libtpms); or give another tpm option.';
const WRITABLE = 'See that the directory exists, is writable and its disk has room.';

const COMMON: Record<string, Meaning> = {
  CLOSED: ['ERR_CLOSED', 'The TPM has been closed.'],
};

const LIBTPMS: Record<string, Meaning> = {
  ...COMMON,
  LIBTPMS_NOT_FOUND: ['ERR_LIBTPMS_NOT_FOUND', LIBTPMS_PACKAGES],
  LIBTPMS_BUSY: [
    'ERR_TPM_BUSY',
    'A process can run one software TPM: close the other manager first, or use another process.',
  ],
  STATE_CORRUPT: [
    'ERR_STATE_CORRUPT',
    'Restore the state directory from a copy; without it its cards are lost.',
  ],
  STATE_IO: [
    'ERR_STATE_IO',
    `${WRITABLE} Then restart \`virtual-smartcard serve\` if it serves the store, else close the managers of this process and open another one.`,
  ],
};

const DEVICE: Record<string, Meaning> = {
  ...COMMON,
  ENOENT: [
    'ERR_TPM_UNAVAILABLE',
    "There is no such device: see that the machine has a TPM 2.0 and that the firmware's set-up enables it.",
  ],
  EACCES: [
    'ERR_TPM_UNAVAILABLE',
    'This user may not use it: join the group tss (usermod -aG tss USER, then log in again).',
  ],
  EPERM: ['ERR_TPM_UNAVAILABLE', 'This user may not use it: join the group tss.'],
  EBUSY: [
    'ERR_TPM_UNAVAILABLE',
    'Another program has it open: use /dev/tpmrm0, which programs share.',
  ],
};

/** An error of the software TPM in this process. */
export function libtpmsError(error: unknown): unknown {
  const known = LIBTPMS[codeOf(error)];
  if (known) return convert(error, 'The software TPM cannot be used', known);
  // Whatever else the file system says is about the state directory.
  return isErrno(codeOf(error))
    ? convert(error, "The software TPM's state cannot be used", ['ERR_STATE_IO', WRITABLE])
    : convert(error, 'The software TPM failed', ['ERR_TPM_UNAVAILABLE', '']);
}

/** An error of the TPM device at `path`. */
export function deviceError(error: unknown, path: string): unknown {
  const known = DEVICE[codeOf(error)] ?? ['ERR_TPM_UNAVAILABLE', ''];
  return convert(error, `The TPM device ${path} cannot be used`, known);
}

function convert(error: unknown, problem: string, [code, advice]: Meaning): unknown {
  if (!(error instanceof Error) || error instanceof VirtualSmartCardError) return error;
  const reason = error.message.replace(/\.$/, '');
  return new VirtualSmartCardError(code, `${problem}: ${reason}. ${advice}`.trim(), {
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Names such as ENOSPC, not the addon's own words. */
function isErrno(code: string): boolean {
  return /^E[A-Z0-9]+$/.test(code);
}
