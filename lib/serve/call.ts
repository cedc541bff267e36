import { checkText } from '../arguments.js';
import { describeType, invalidArgument } from '../errors.js';
import type { Header } from './frame.js';

/** One request of a client, while it is carried out. */
export interface Call {
  readonly id: number;
  readonly params: Header;
  /** Copies of its own, which are wiped when the call has ended. */
  readonly attachments: readonly Uint8Array[];
  /** Aborted when the client gives the call up, or is gone. */
  readonly signal: AbortSignal;
  /** Tells the client something before the call has ended. */
  notify(header: Header): void;
}

/** What a call comes to. */
export interface Reply {
  result?: unknown;
  /** Wiped when they were sent. */
  attachments?: readonly Uint8Array[];
}

/** Longest text that a request has, but for a card's name: an instance id, a reader's name. */
const MAX_TEXT_LENGTH = 256;

export function textParameter(call: Call, name: string): string {
  return checkText(call.params[name], name, MAX_TEXT_LENGTH);
}

export function numberParameter(call: Call, name: string): number {
  const value = call.params[name];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw invalidArgument(name, 'a whole number', describeType(value));
}

export function attachment(call: Call, index: number): Uint8Array {
  const found = call.attachments[index];
  if (found) return found;
  throw invalidArgument('attachments', `at least ${index + 1}`, String(call.attachments.length));
}
