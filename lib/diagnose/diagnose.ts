import { booleanOption, checkOptions, optionalText, wordOption } from '../arguments.js';
import { defaultBackend } from '../backend/open-backend.js';
import { describeType, invalidArgument } from '../errors.js';
import { copySecret, type SecretInput, wipe } from '../secret.js';
import type { DiagnosisReport } from './report.js';

/** What is diagnosed. */
export interface DiagnoseOptions {
  /** As in {@link OpenOptions}. */
  backend?: 'windows' | 'embedded' | 'pcsc' | undefined;
  /** As in {@link OpenOptions}. */
  stateDirectory?: string | undefined;
  /** As in {@link OpenOptions}; for a new store which TPM it would take. */
  tpm?: string | undefined;
  /** As in {@link OpenOptions}. */
  ownerAuthorization?: SecretInput | undefined;
  /** Certificates that end within so many days are told of, 0 to 3650; default 30. */
  expiresWithinDays?: number | undefined;
  /** Whether readers and pcscd are looked at, off Windows; default true. */
  readers?: boolean | undefined;
}

const OPTIONS = [
  'backend',
  'stateDirectory',
  'tpm',
  'ownerAuthorization',
  'expiresWithinDays',
  'readers',
];
const BACKENDS = ['windows', 'embedded', 'pcsc'] as const;
const EXPIRES_WITHIN_DAYS = 30;
const MOST_DAYS = 3650;

/**
 * Looks at everything that cards need, and says what is wrong and what to do about it: services, TPM and
 * its lockout, state directory, readers, cards, containers, certificates. It asks for no PIN, uses up no
 * try and changes nothing; where there is no store it makes none. What cannot be opened is a finding.
 *
 * While it looks at a store that no process has open, it holds the store's lock; one that is served it
 * looks at through its service.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 * @example
 * ```ts
 * const { healthy, findings } = await diagnose();
 * for (const { severity, title, remedy } of findings) {
 *   if (severity === 'error') console.error(title, remedy);
 * }
 * if (!healthy) process.exitCode = 1;
 * ```
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<DiagnosisReport> {
  checkOptions(options, OPTIONS);
  const backend = wordOption(options.backend, 'backend', BACKENDS, defaultBackend());
  const place = {
    stateDirectory: optionalText(options.stateDirectory, 'stateDirectory'),
    tpm: optionalText(options.tpm, 'tpm'),
  };
  const readers = booleanOption(options.readers, 'readers', true);
  const expiresWithinDays = checkedDays(options.expiresWithinDays);
  const { ownerAuthorization: given } = options;
  const ownerAuthorization =
    given === undefined ? undefined : copySecret(given, 'ownerAuthorization');
  try {
    // All that it looks at things with is loaded only when someone wants to know.
    const { examine } = await import('./examine.js');
    return await examine({ backend, ...place, ownerAuthorization, readers, expiresWithinDays });
  } finally {
    wipe(ownerAuthorization);
  }
}

function checkedDays(value: unknown): number {
  if (value === undefined) return EXPIRES_WITHIN_DAYS;
  const expected = `a number of days, 0 to ${MOST_DAYS}`;
  if (typeof value !== 'number') {
    throw invalidArgument('expiresWithinDays', expected, describeType(value));
  }
  if (value >= 0 && value <= MOST_DAYS) return value;
  throw invalidArgument('expiresWithinDays', expected, String(value));
}
