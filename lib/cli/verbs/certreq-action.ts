import { VirtualSmartCardError } from '../../index.js';
import type { Arguments } from '../arguments.js';
import type { Result } from '../output.js';
import type { Context } from '../verb.js';

/** What `-new`, `-accept`, `-submit` and `-retrieve` are to certreq. */
export interface CertreqAction {
  /** The names that follow, for the error text. */
  operands: string;
  maxOperands: number;
  /** Those options that not every action has. */
  options: readonly string[];
  run(context: Context): Promise<Result>;
}

/** Options of the actions that use a key of a card. */
export const CARD_OPTIONS = ['backend', 'instance', 'pin', 'pin-stdin', 'user'];

/** Options of the actions that write files. */
export const FORM_OPTIONS = ['format', 'binary'];

/** @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` where there is no client of Active Directory's CAs */
export function requireWindows(): void {
  if (process.platform === 'win32') return;
  throw new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED',
    "Active Directory's CAs are asked by Windows' own client, on Windows only. Elsewhere use" +
      ' "virtual-smartcard est", or carry the request to the CA and its answer to certreq -accept.',
  );
}

/** Whether files are written as DER, not PEM. */
export function derWanted(args: Arguments): boolean {
  return args.has('binary') || args.value('format') === 'der';
}
