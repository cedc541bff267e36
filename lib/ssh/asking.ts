import { aborted } from '../arguments.js';
import { VirtualSmartCardError } from '../errors.js';
import { type SecretInput, wipe } from '../secret.js';
import type { CheckedSignerOptions, SshKeyUse, SshPinRequest } from './agent-options.js';

/**
 * Asks the caller for a PIN.
 *
 * @throws VirtualSmartCardError `ERR_ABORTED` when the request's signal fires, whatever the caller does
 * then; `ERR_PIN_REQUIRED` when asking failed
 */
export function askPin(
  { onPin }: CheckedSignerOptions,
  request: SshPinRequest,
): Promise<SecretInput | undefined> {
  return ask(
    () => onPin(request),
    request,
    (late) => {
      if (late instanceof Uint8Array) wipe(late);
    },
  );
}

/** Whether a key may be used: it may, where nobody wants to be asked. Fails as {@link askPin}. */
export async function mayUse({ onConfirm }: CheckedSignerOptions, use: SshKeyUse) {
  return (
    onConfirm === undefined ||
    (await ask(
      () => onConfirm(use),
      use,
      () => undefined,
    )) === true
  );
}

/** @param drop - gets what comes after nobody waited for it any more */
async function ask<Answer>(
  question: () => Promise<Answer>,
  { signal, cardName }: SshKeyUse,
  drop: (late: Answer) => void,
): Promise<Answer> {
  // A caller's function may also throw at once.
  const answer = (async () => question())();
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(aborted(signal.reason));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([answer, stopped]);
  } catch (cause) {
    answer.then(drop, () => undefined);
    if (VirtualSmartCardError.is(cause)) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new VirtualSmartCardError(
      'ERR_PIN_REQUIRED',
      `The person at the card "${cardName}" could not be asked: ${why}`,
      { cause },
    );
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
