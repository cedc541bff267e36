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

/** Whether files are written as DER, not PEM. */
export function derWanted(args: Arguments): boolean {
  return args.has('binary') || args.value('format') === 'der';
}
