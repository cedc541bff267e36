import { checkOptions } from '../arguments.js';
import { describeType, invalidArgument, type VirtualSmartCardError } from '../errors.js';

/** How a store is served to other processes. */
export interface ServeOptions {
  /** How many managers of other processes there may be at a time, 1 to 1000; default 64. */
  maxClients?: number | undefined;
  /** Told, once, why a client was refused. Default: a process warning. */
  onWarning?: ((warning: VirtualSmartCardError) => void) | undefined;
}

/** Options that have been checked. */
export type CheckedServeOptions = {
  maxClients: number;
  onWarning: (warning: VirtualSmartCardError) => void;
};

const DEFAULT_CLIENTS = 64;
const MOST_CLIENTS = 1000;

/** @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` */
export function checkedServeOptions(options: ServeOptions): CheckedServeOptions {
  checkOptions(options, ['maxClients', 'onWarning']);
  const { maxClients = DEFAULT_CLIENTS, onWarning = warnProcess } = options;
  if (!Number.isInteger(maxClients) || maxClients < 1 || maxClients > MOST_CLIENTS) {
    const actual = typeof maxClients === 'number' ? String(maxClients) : describeType(maxClients);
    throw invalidArgument('maxClients', `a whole number from 1 to ${MOST_CLIENTS}`, actual);
  }
  if (typeof onWarning !== 'function') {
    throw invalidArgument('onWarning', 'a function', describeType(onWarning));
  }
  return { maxClients, onWarning };
}

function warnProcess(warning: VirtualSmartCardError): void {
  process.emitWarning(warning.message, { type: 'VirtualSmartCardWarning', code: warning.code });
}
