import { VirtualSmartCardError, type VirtualSmartCardErrorDetails } from './errors.js';

/**
 * Takes back what a failing call has made, then throws the call's error. If taking back fails too,
 * the error says so and tells what is left.
 *
 * @param reason - the error of the call
 * @param left - what is left if it cannot be taken back, and what to do about it: a sentence
 * @param details - of the error then
 */
export async function undoAndThrow(
  reason: unknown,
  left: string,
  undo: () => Promise<void>,
  details: VirtualSmartCardErrorDetails = {},
): Promise<never> {
  try {
    await undo();
  } catch (error) {
    const code = VirtualSmartCardError.is(reason) ? reason.code : 'ERR_CARD_COMMAND';
    const message = `${text(reason)} ${left} (It could not be taken back: ${text(error)})`;
    throw new VirtualSmartCardError(code, message, { ...details, cause: reason });
  }
  throw reason;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
