import { VirtualSmartCardError } from '../../errors.js';
import { meaningOf, type Purpose, tpmCodeOf } from './hresults.js';
import { reportedError } from './reported-error.js';

/** An error of the addon: `code`, and for `HRESULT` the number. */
interface NativeError extends Error {
  code: string;
  hresult?: number;
  reportedError?: number;
  attemptsLeft?: number;
}

/**
 * The one place where what Windows answered becomes an error of the library. What the manager
 * reported decides where it is exact (a PIN that breaks the rules, a card that is not there); else the
 * system's code does. A code that the library does not know arrives with the system's own text.
 *
 * @param purpose - what the call was for, where that decides what the code means
 */
export function windowsError(error: unknown, purpose?: Purpose): unknown {
  if (error instanceof VirtualSmartCardError || !isNativeError(error)) return error;
  const { hresult, reportedError: number, attemptsLeft } = error;
  const reported = reportedError(number);
  const sentence = `${error.message.replace(/\.$/, '')}.`;
  const problem = reported ? `${sentence} The manager said: ${reported.text}.` : sentence;
  const details = {
    cause: error,
    ...(hresult !== undefined && { hresult }),
    ...(reported && { reportedError: reported.name }),
    ...(attemptsLeft !== undefined && { triesLeft: attemptsLeft }),
  };
  if (error.code === 'INVALID_ARGUMENT') {
    // Its texts begin with the argument's name.
    const [parameter = ''] = error.message.split(' ', 1);
    return new VirtualSmartCardError('ERR_INVALID_ARGUMENT', problem, { ...details, parameter });
  }
  if (error.code === 'CLOSED') return new VirtualSmartCardError('ERR_CLOSED', problem, details);
  if (error.code === 'NOT_OFFERED') {
    return new VirtualSmartCardError('ERR_NOT_SUPPORTED', problem, details);
  }
  const meaning =
    reported?.meaning ?? (hresult === undefined ? undefined : meaningOf(hresult, purpose));
  const tpmCode = hresult === undefined ? undefined : tpmCodeOf(hresult);
  return new VirtualSmartCardError(
    meaning?.code ?? 'ERR_WINDOWS',
    [problem, meaning?.advice ?? ''].join(' ').trim(),
    { ...details, ...(tpmCode !== undefined && { tpmCode }) },
  );
}

function isNativeError(error: unknown): error is NativeError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
