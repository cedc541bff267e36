import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { invalidArgument, VirtualSmartCardError } from '../../errors.js';
import { parseTpmAddress } from '../../tpm/tpm-address.js';
import { writeFileAtomic } from './atomic-file.js';
import type { StateDirectory } from './state-directory.js';
import { isMissingFile, stateError } from './state-error.js';

/** What a store remembers about itself. */
export interface StoreSettings {
  format: 'virtual-smartcard store';
  version: 1;
  /** Where its TPM is, as the `tpm` option spells it. A store keeps the kind of TPM it began with. */
  tpm: string;
}

/** The TPM that a new store takes where it may be used. */
export const DEFAULT_DEVICE = '/dev/tpmrm0';

/**
 * The settings of an existing store, checked against what the caller wants; for a new store those
 * it shall have, not yet written.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` when the store has another kind of TPM
 */
export async function chooseSettings(
  directory: StateDirectory,
  wanted: string | undefined,
): Promise<{ settings: StoreSettings; isNew: boolean }> {
  if (wanted !== undefined) parseTpmAddress(wanted);
  const existing = await readSettings(directory);
  if (!existing) return { settings: settingsFor(wanted ?? (await defaultTpm())), isNew: true };
  if (wanted === undefined || wanted === existing.tpm) return { settings: existing, isNew: false };
  if (parseTpmAddress(wanted).kind !== parseTpmAddress(existing.tpm).kind) {
    throw invalidArgument(
      'tpm',
      `${existing.tpm}, the TPM on which this store was made (a store never switches)`,
      wanted,
    );
  }
  return { settings: settingsFor(wanted), isNew: false };
}

export async function writeSettings(
  directory: StateDirectory,
  settings: StoreSettings,
): Promise<void> {
  await writeFileAtomic(directory.settings, `${JSON.stringify(settings)}\n`);
}

function settingsFor(tpm: string): StoreSettings {
  return { format: 'virtual-smartcard store', version: 1, tpm };
}

/** A TPM device that we may use, else software. */
async function defaultTpm(): Promise<string> {
  try {
    await access(DEFAULT_DEVICE, constants.R_OK | constants.W_OK);
    return `device:${DEFAULT_DEVICE}`;
  } catch {
    process.emitWarning(
      'No usable TPM device: the new store has a software TPM. Its keys and its TPM are this ' +
        'process and its files; whoever has the files can try PINs offline.',
      { type: 'VirtualSmartCardWarning', code: 'VSC_SOFTWARE_TPM' },
    );
    return 'libtpms';
  }
}

/** The settings of an existing store; undefined without one. */
export async function readSettings(directory: StateDirectory): Promise<StoreSettings | undefined> {
  let text: string;
  try {
    text = await readFile(directory.settings, 'utf8');
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw stateError(error, 'read', directory.settings);
  }
  try {
    const settings = JSON.parse(text) as Partial<StoreSettings>;
    if (settings.format === 'virtual-smartcard store' && settings.version === 1) {
      parseTpmAddress(settings.tpm ?? '');
      return settings as StoreSettings;
    }
  } catch {
    // Not JSON or no TPM: damaged, as below.
  }
  throw new VirtualSmartCardError(
    'ERR_STATE_CORRUPT',
    `The file ${directory.settings} is damaged or of a newer version of this library.`,
  );
}
