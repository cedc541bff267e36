import { VirtualSmartCardError } from '../errors.js';
import type { ReaderTarget } from './reader-target.js';

/** Codes of a socket that nobody listens on. */
const NOBODY_LISTENS = ['ENOENT', 'ECONNREFUSED'];
const NOT_ALLOWED = ['EACCES', 'EPERM'];

/** The one place where a failing connection to a reader becomes a typed error. */
export function readerError(cause: unknown, target: ReaderTarget): VirtualSmartCardError {
  if (VirtualSmartCardError.is(cause)) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const { readerName } = target;
  const where = describeAddress(target);
  if (code !== undefined && NOBODY_LISTENS.includes(code)) {
    return new VirtualSmartCardError(
      'ERR_SMART_CARD_SERVICE',
      `Nobody listens at ${where} for the card of "${readerName}": pcscd does not run, or it was` +
        ' not restarted after its reader was installed. The card is put in as soon as it listens.',
      { cause },
    );
  }
  if (code !== undefined && NOT_ALLOWED.includes(code)) {
    return new VirtualSmartCardError(
      'ERR_ACCESS_DENIED',
      `This user may not reach ${where}: the reader was installed for another one (install-reader --user).`,
      { cause },
    );
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new VirtualSmartCardError(
    'ERR_SMART_CARD_SERVICE',
    `The card went out of the reader "${readerName}" (${where}): ${why}. It is put in again.`,
    { cause },
  );
}

/** The driver turned us away: it does so for another user, and while somebody else is there. */
export function refusedByReader(target: ReaderTarget): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_ACCESS_DENIED',
    `The reader "${target.readerName}" does not take the card: another process publishes to its slot,` +
      " or the reader was installed for another user. pcscd's log says which.",
  );
}

/** Who listens is neither pcscd nor this user: PINs must not go there. */
export function foreignListener(target: ReaderTarget, user: number): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_ACCESS_DENIED',
    `User ${user} listens at ${describeAddress(target)}, who is neither root nor this one. No card is put there.`,
  );
}

/** Whether it only says that pcscd does not run, or not any more. */
export function isReaderAway(error: VirtualSmartCardError): boolean {
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  return code !== undefined && NOBODY_LISTENS.includes(code);
}

function describeAddress({ address }: ReaderTarget): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`;
}
