import { VirtualSmartCardError, type VirtualSmartCardErrorCode } from '../../errors.js';
import { StatusWord } from '../apdu.js';
import { TlvError } from '../tlv.js';

/** How a command of the applet ends without success: with this status word and no data. */
export class Refusal extends Error {
  readonly statusWord: number;

  constructor(statusWord: number) {
    super(`status word ${statusWord.toString(16)}`);
    this.statusWord = statusWord;
  }

  override get name(): string {
    return 'Refusal';
  }
}

/** Why a command did not succeed: what the host is told, and the error behind it where there is one. */
export interface Failure {
  statusWord: number;
  error: unknown;
}

const STATUS_WORDS: ReadonlyMap<VirtualSmartCardErrorCode, number> = new Map([
  ['ERR_STATE_IO', StatusWord.MEMORY_FAILURE],
  ['ERR_TPM_NV_FULL', StatusWord.NOT_ENOUGH_MEMORY],
  ['ERR_TPM_LOCKED_OUT', StatusWord.AUTHENTICATION_METHOD_BLOCKED],
  ['ERR_ADMIN_RESET_NOT_ALLOWED', StatusWord.CONDITIONS_NOT_SATISFIED],
  ['ERR_KEY_IMPORT_NOT_ALLOWED', StatusWord.CONDITIONS_NOT_SATISFIED],
  ['ERR_ALGORITHM_NOT_SUPPORTED', StatusWord.FUNCTION_NOT_SUPPORTED],
]);

/** The one place where an error becomes a status word. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Refusal) return { statusWord: error.statusWord, error: undefined };
  if (error instanceof TlvError) return { statusWord: StatusWord.WRONG_DATA, error: undefined };
  const known = error instanceof VirtualSmartCardError ? STATUS_WORDS.get(error.code) : undefined;
  return { statusWord: known ?? StatusWord.EXECUTION_ERROR, error };
}
