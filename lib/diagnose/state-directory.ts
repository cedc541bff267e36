import { constants, type Stats } from 'node:fs';
import { access, lstat, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CardFile } from '../backend/embedded/card-file.js';
import type { StateDirectory } from '../backend/embedded/state-directory.js';
import { isMissingFile, stateError } from '../backend/embedded/state-error.js';
import { readSettings, type StoreSettings } from '../backend/embedded/store-settings.js';
import { VirtualSmartCardError } from '../errors.js';
import { formatInstanceId } from '../instance-id.js';
import { parseTpmAddress } from '../tpm/tpm-address.js';
import type { Findings } from './findings.js';

const MEBIBYTE = 1024 * 1024;
/** A change writes a card's file or the TPM's state anew beside the old one: less than a mebibyte. */
const LITTLE_SPACE = 16 * MEBIBYTE;
const NO_SPACE = MEBIBYTE;

/**
 * Looks at the files of a store without opening it.
 *
 * @returns its settings when the store can be opened without making anything; undefined otherwise
 */
export async function checkStateDirectory(
  directory: StateDirectory,
  findings: Findings,
): Promise<StoreSettings | undefined> {
  const subject = directory.root;
  let status: Stats;
  try {
    status = await stat(directory.root);
  } catch (error) {
    if (isMissingFile(error)) {
      const detail = 'The first card, or the first list of the cards, makes it.';
      findings.info('state-directory', 'There is no store yet.', { detail, subject });
    } else {
      const failure = stateError(error, 'read', directory.root);
      findings.failure('state-directory', 'The state directory cannot be read.', failure, {
        subject,
      });
    }
    return undefined;
  }
  if (!(await checkRights(directory, status, findings))) return undefined;
  await checkSpace(directory, findings);
  const settings = await checkSettings(directory, findings);
  if (!settings) return undefined;
  await checkLeftovers(directory, findings);
  await checkCardFiles(directory, findings);
  return (await hasItsTpm(directory, settings, findings)) ? settings : undefined;
}

/** Opened by another user, root too, the store would get files that its owner cannot write. */
async function checkRights(
  { root, tpm, cards }: StateDirectory,
  status: Stats,
  findings: Findings,
): Promise<boolean> {
  const user = process.geteuid?.();
  if (!status.isDirectory()) {
    const remedy = 'Choose another state directory, or move that file away.';
    findings.error('state-directory', 'The state directory is no directory.', {
      remedy,
      subject: root,
    });
    return false;
  }
  if (user !== undefined && status.uid !== user) {
    findings.error('state-owner', `The state directory belongs to user ${status.uid}.`, {
      detail: `This is user ${user}. The store was not opened: its files would become those of this user.`,
      remedy: `Run this as user ${status.uid}, or choose another state directory.`,
      subject: root,
      facts: { owner: status.uid, user },
    });
    return false;
  }
  for (const path of [root, cards, tpm]) {
    const failure = await access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
      () => undefined,
      (error) => (isMissingFile(error) ? undefined : stateError(error, 'write into', path)),
    );
    if (!failure) continue;
    findings.failure('state-rights', 'The state directory cannot be written.', failure, {
      subject: path,
    });
    return false;
  }
  await checkModes([root, cards, tpm], findings);
  return true;
}

/** What others may enter or read. Windows has no such modes. */
async function checkModes(folders: readonly string[], findings: Findings): Promise<void> {
  if (process.platform === 'win32') return;
  const names = await Promise.all(folders.map(async (path) => pathsIn(path)));
  const [root = '', ...inner] = folders;
  const files = names.flat().filter((path) => dirname(path) !== root || path.endsWith('.json'));
  let open = 0;
  for (const path of [root, ...inner, ...files]) {
    const status = await lstat(path).catch(() => undefined);
    if (!status || (status.mode & 0o077) === 0) continue;
    open += 1;
    findings.warning(
      'state-modes',
      'Others than the owner may enter or read a part of the store.',
      {
        detail: `Its mode is ${(status.mode & 0o777).toString(8)}. Whoever reads a software TPM's files can try PINs offline.`,
        remedy: `chmod ${status.isDirectory() ? '700' : '600'} "${path}"`,
        subject: path,
      },
    );
  }
  if (open === 0)
    findings.ok('state-modes', "The state directory is its owner's alone.", { subject: root });
}

async function pathsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
}

async function checkSpace({ root }: StateDirectory, findings: Findings): Promise<void> {
  const { bavail, bsize } = await statfs(root);
  const freeBytes = bavail * bsize;
  const rest = {
    detail: `${Math.floor(freeBytes / MEBIBYTE)} MiB are free.`,
    remedy: 'Make room on that disk: without it no card is made and no PIN is changed.',
    subject: root,
    facts: { freeBytes },
  };
  if (freeBytes < NO_SPACE) findings.error('disk-space', 'The disk is full.', rest);
  else if (freeBytes < LITTLE_SPACE) {
    findings.warning('disk-space', 'The disk is nearly full.', rest);
  } else {
    const { remedy: _, ...ok } = rest;
    findings.ok('disk-space', 'There is room on the disk.', ok);
  }
}

async function checkSettings(
  directory: StateDirectory,
  findings: Findings,
): Promise<StoreSettings | undefined> {
  try {
    const settings = await readSettings(directory);
    const subject = directory.root;
    if (settings) findings.ok('store', `The store's TPM is ${settings.tpm}.`, { subject });
    else if ((await cardFiles(directory)).length === 0) {
      findings.info('store', 'The state directory has no store in it yet.', { subject });
    } else {
      findings.error('store', 'The store has cards, and the file store.json is missing.', {
        detail: 'A store that is opened without it takes a TPM as if it were new.',
        remedy: 'Restore store.json from a backup, or name the TPM of the store when you open it.',
        subject,
      });
    }
    return settings;
  } catch (error) {
    const subject = directory.settings;
    findings.failure('store', 'What the store remembers about itself is damaged.', error, {
      subject,
    });
    return undefined;
  }
}

/** What a killed process left. Whoever opens the store next makes it good; this does not. */
async function checkLeftovers(directory: StateDirectory, findings: Findings): Promise<void> {
  const [files, intents] = await Promise.all([
    directory.leftovers().catch(noCards),
    directory.instances('intent').catch(noCards),
  ]);
  const paths = [...files, ...intents.map((instance) => directory.intent(instance))];
  for (const subject of paths) {
    findings.info('interrupted-change', 'A process ended in the middle of a change.', {
      detail: 'Nothing is lost: the change counts as made, or as not made.',
      remedy: 'Open the store once, for example with "virtual-smartcard list": that makes it good.',
      subject,
    });
  }
}

async function checkCardFiles(directory: StateDirectory, findings: Findings): Promise<void> {
  for (const instance of await cardFiles(directory)) {
    const path = directory.card(instance);
    try {
      await CardFile.read(path);
    } catch (error) {
      if (VirtualSmartCardError.is(error) && isMissingFile(error.cause)) continue;
      findings.failure('card-file', 'The file of a card is damaged.', error, {
        subject: formatInstanceId(instance),
        facts: { path },
      });
    }
  }
}

/** A software TPM without its files would be made anew, and every card would be lost. */
async function hasItsTpm(
  directory: StateDirectory,
  { tpm }: StoreSettings,
  findings: Findings,
): Promise<boolean> {
  if (parseTpmAddress(tpm).kind !== 'libtpms') return true;
  if ((await pathsIn(directory.tpm)).length > 0) return true;
  const cards = (await cardFiles(directory)).length;
  if (cards === 0) {
    const detail = 'The next opening makes a new one. No card is lost: there is none.';
    findings.info('tpm-state', 'The software TPM has no files yet.', { detail });
    return false;
  }
  findings.error('tpm-state', "The software TPM's files are gone.", {
    detail: `The next opening makes a new TPM, with which the ${cards} cards of the store cannot be used.`,
    remedy: `Restore ${directory.tpm} from the backup of the same state as the cards.`,
    subject: directory.tpm,
    facts: { cards },
  });
  return false;
}

async function cardFiles(directory: StateDirectory): Promise<number[]> {
  return directory.instances('card').catch(noCards);
}

/** A store without cards may lack the directory for them. */
function noCards(error: unknown): never[] {
  if (VirtualSmartCardError.is(error) && isMissingFile(error.cause)) return [];
  throw error;
}
