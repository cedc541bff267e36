import { checkCallback, checkOptions, optionalText } from '../arguments.js';
import { invalidArgument, type VirtualSmartCardError } from '../errors.js';
import type { AuditEvent } from './event.js';

/** Who is told of life-cycle acts. At least one of `onEvent` and `file` is needed. */
export interface AuditOptions {
  /** Told of each act when it has ended; the call waits for what it returns. */
  onEvent?: ((event: AuditEvent) => void | Promise<void>) | undefined;
  /** A file to which each act is appended as one line of JSON; made, for its owner only, if it is not there. */
  file?: string | undefined;
  /**
   * Told when an act was done and could not be told of (`ERR_AUDIT`): `onEvent` threw, or the file could not
   * be written. Default: a process warning.
   */
  onWarning?: ((warning: VirtualSmartCardError) => void) | undefined;
}

/** Options that have been checked. */
export interface CheckedAuditOptions {
  onEvent: AuditOptions['onEvent'];
  file: string | undefined;
  onWarning: (warning: VirtualSmartCardError) => void;
}

/** @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` */
export function checkedAuditOptions(options: AuditOptions): CheckedAuditOptions {
  checkOptions(options, ['onEvent', 'file', 'onWarning'], 'audit');
  const { onEvent, onWarning = warnProcess } = options;
  checkCallback(onEvent, 'audit.onEvent');
  checkCallback(onWarning, 'audit.onWarning');
  const file = optionalText(options.file, 'audit.file');
  if (onEvent === undefined && file === undefined) {
    throw invalidArgument('audit', 'onEvent or file', 'neither');
  }
  return { onEvent, file, onWarning };
}

function warnProcess(warning: VirtualSmartCardError): void {
  process.emitWarning(warning.message, { type: 'VirtualSmartCardWarning', code: warning.code });
}
