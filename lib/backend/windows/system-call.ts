import { awaitNativeCall, type CallLimits, type NativeCall } from '../../native-call.js';
import type { Purpose } from './hresults.js';
import { windowsError } from './windows-error.js';

const WINDOWS = { name: 'Windows', toError: windowsError };

/** Waits for a call into Windows, as `awaitNativeCall` does. */
export function awaitCall<T>(start: () => NativeCall<T>, limits: CallLimits<Purpose>): Promise<T> {
  return awaitNativeCall(WINDOWS, start, limits);
}
