import type { OpenOptions, VirtualSmartCardManager } from '../index.js';
import type { Arguments } from './arguments.js';
import type { Stage } from './interrupted-work.js';
import type { Options } from './options.js';
import type { Output, Result } from './output.js';
import type { SecretPrompt } from './prompt.js';

/** What a verb works with. */
export interface Context {
  args: Arguments;
  output: Output;
  secrets: SecretPrompt;
  /** Aborted when the user interrupts the program. */
  signal: AbortSignal;
  /** Says what the verb is at from now on, where it does several things. */
  at(stage: Stage): void;
  /** What the common options name, for a library call that opens no manager. */
  openOptions(): OpenOptions;
  /** Opens the store that the common options name; it is closed when the verb has ended. */
  openManager(options?: OpenOptions): Promise<VirtualSmartCardManager>;
}

/** One verb of the command line. */
export interface Verb {
  /** One word, or two as in `tpm reset-lockout`. */
  name: string;
  /** One line for the list of verbs. */
  summary: string;
  /** What follows the verb's name besides options, for the help text. */
  operands?: string;
  maxOperands?: number;
  options: Options;
  /** Command lines, without the program's name, that the help text shows. */
  examples: readonly string[];
  /** What the help text adds. */
  notes?: readonly string[];
  run(context: Context): Promise<Result>;
}
