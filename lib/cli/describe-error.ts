import { formatDuration } from '../duration.js';
import { VirtualSmartCardError } from '../index.js';
import { CliError } from './failure.js';
import { type Stage, whatIsLeft } from './interrupted-work.js';
import { Interrupted } from './interruption.js';

/** What a program should see, what a person should see, and how the process ends. */
export interface ErrorDescription {
  document: Record<string, unknown>;
  lines: readonly string[];
  /** 1: the operation failed. 2: the command line is wrong. 128 and the signal's number: interrupted. */
  exitCode: number;
}

/** What this program has to offer against an error, beyond the library's own advice. */
const ADVICE: Readonly<Record<string, string>> = {
  ERR_USAGE: '"virtual-smartcard help" and "virtual-smartcard help VERB" explain the verbs.',
  ERR_CARD_NOT_FOUND: '"virtual-smartcard list" shows the cards that exist.',
  ERR_CARD_AMBIGUOUS: 'Say which one is meant with --instance.',
  ERR_CARD_LIMIT: '"virtual-smartcard destroy --instance ID" makes room.',
  ERR_PIN_BLOCKED: '"virtual-smartcard unblock" sets a new PIN with the PUK or the admin key.',
  ERR_CONTAINER_AMBIGUOUS: 'Say which one is meant with --container.',
  ERR_CONTAINER_NOT_FOUND: '"virtual-smartcard keys" shows the containers of a card.',
  ERR_TPM_LOCKED_OUT:
    '"virtual-smartcard tpm" shows the lockout, "virtual-smartcard tpm reset-lockout" ends it.',
  ERR_CERTIFICATE_NOT_FOUND: '"virtual-smartcard certificates" shows those that exist.',
};

const PROGRAM = 'virtual-smartcard';

/** Where an error came from. */
export interface ErrorOrigin {
  /** Whether the stack is wanted; it holds the same texts and therefore no secret either. */
  debug: boolean;
  /** What the program was at; undefined before it knew. */
  stage: Stage | undefined;
  /** Aborted when the user has interrupted the program. */
  signal: AbortSignal;
}

/** Describes any error. */
export function describeError(error: unknown, origin: ErrorOrigin): ErrorDescription {
  const { debug } = origin;
  const { code, message, fields, exitCode } = classify(error, origin);
  const stack = debug && error instanceof Error ? stackText(error) : undefined;
  const advice = ADVICE[code];
  const lines = [`${PROGRAM}: ${message}`, ...remarks(error)];
  if (advice) lines.push(`  ${advice}`);
  lines.push(`  (${code})`);
  if (stack !== undefined) lines.push(stack);
  return {
    document: { ...fields, code, message, ...(stack === undefined ? {} : { stack }) },
    lines,
    exitCode,
  };
}

interface Classified {
  code: string;
  message: string;
  fields: Record<string, unknown>;
  exitCode: number;
}

function classify(error: unknown, { stage, signal }: ErrorOrigin): Classified {
  const by = error instanceof Interrupted ? error : signal.reason;
  const isAbort = error === by || VirtualSmartCardError.is(error, 'ERR_ABORTED');
  if (by instanceof Interrupted && isAbort) {
    const message = `Interrupted. ${whatIsLeft(error, stage)}`;
    const fields = VirtualSmartCardError.is(error) ? error.toJSON() : {};
    return { code: 'ERR_ABORTED', message, fields, exitCode: by.exitCode };
  }
  if (error instanceof CliError) {
    const exitCode = error.code === 'ERR_USAGE' ? 2 : 1;
    return { code: error.code, message: error.message, fields: {}, exitCode };
  }
  if (error instanceof VirtualSmartCardError) {
    const exitCode = error.code === 'ERR_INVALID_ARGUMENT' ? 2 : 1;
    return { code: error.code, message: error.message, fields: error.toJSON(), exitCode };
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const message = `Unexpected failure, which is a fault of this program. ${text}`;
  return { code: 'ERR_UNEXPECTED', message, fields: {}, exitCode: 1 };
}

/** What the error's fields say to people. */
function remarks(error: unknown): string[] {
  if (!(error instanceof VirtualSmartCardError) || !error.retryAfterMs) return [];
  return [`  A new try is possible in ${formatDuration(error.retryAfterMs)}.`];
}

function stackText(error: Error): string {
  const own = error.stack ?? String(error);
  return error.cause instanceof Error ? `${own}\ncaused by ${stackText(error.cause)}` : own;
}
