import { VirtualSmartCardError } from '../errors.js';

/** An `ERR_INF` at a line. */
export function infError(line: number, message: string): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_INF', `Line ${line} of the INF: ${message}`, { line });
}

/** A value of the INF as an error text quotes it. */
export function shown(value: string): string {
  return value.length <= 80 ? `"${value}"` : `"${value.slice(0, 80)}" …`;
}
