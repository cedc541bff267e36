import { VirtualSmartCardError } from '../../lib/errors.js';
import { storedBytes } from '../../lib/gids/applet/state-changes.js';
import type { CardState } from '../../lib/gids/card-state.js';

const MOST_KEYS = 30;
const MOST_FILES = 64;
const MOST_BYTES = 512 * 1024;
/** Files that only the admin writes, as their access rules say by this condition. */
const OF_THE_ADMIN = [0xa012, 0xa014];
const ADMIN_WRITES = 0x20;

/** What a command that a host may send fails with inside, without a defect in the applet. */
const EXPECTED_CODES = [
  'ERR_KEY_IMPORT_NOT_ALLOWED',
  'ERR_ALGORITHM_NOT_SUPPORTED',
  'ERR_ADMIN_RESET_NOT_ALLOWED',
];

/** The error behind a status word, when it is no refusal but something that broke. */
export function unexpectedFailure(failure: unknown): unknown {
  const isExpected = VirtualSmartCardError.is(failure) && EXPECTED_CODES.includes(failure.code);
  return isExpected ? undefined : failure;
}

/** What is wrong with a command's having changed the card, if anything is. */
export function wrongChange(
  before: CardState,
  after: CardState,
  who: { user: boolean; admin: boolean; succeeded: boolean },
): string | undefined {
  if (!who.succeeded) return 'a refused command changed the card';
  if (after.keys.size > MOST_KEYS) return `${after.keys.size} keys`;
  if (after.files.size > MOST_FILES) return `${after.files.size} files`;
  if (storedBytes(after) > MOST_BYTES) return 'more data than the card takes';
  if (!before.activated) return undefined;
  if (!after.activated) return 'an activated card became a blank one';
  if (!who.user && !who.admin) return wrongChangeByAnybody(before, after);
  const isReserved = OF_THE_ADMIN.some((id) => {
    const [file, next] = [before.files.get(id), after.files.get(id)];
    // Activating it is no writing.
    const isSame = file?.objects === next?.objects && file?.accessRules === next?.accessRules;
    return file?.accessRules[1] === ADMIN_WRITES && !isSame;
  });
  return isReserved && !who.admin ? 'a user changed what the admin writes' : undefined;
}

/** Nobody is logged in: only a file whose own rules let everybody write may get data objects. */
function wrongChangeByAnybody(before: CardState, after: CardState): string | undefined {
  if (before.keys !== after.keys) return 'keys were changed by nobody';
  if (before.files.size !== after.files.size) return 'files were made or deleted by nobody';
  for (const [id, file] of before.files) {
    const next = after.files.get(id);
    if (next === file) continue;
    const isOpen = (file.accessRules[0] ?? 0) & 0x02 && writeCondition(file.accessRules) === 0x00;
    const isSameFile = next?.accessRules === file.accessRules && next.activated === file.activated;
    if (!isOpen || !isSameFile) return `file ${id.toString(16)} was changed by nobody`;
  }
  return undefined;
}

/** Conditions stand in the order of the access mode's bits, the highest first. */
function writeCondition([mode = 0, ...conditions]: Uint8Array): number | undefined {
  let position = 0;
  for (const bit of [0x40, 0x20, 0x10, 0x08, 0x04]) if (mode & bit) position++;
  return conditions[position];
}
