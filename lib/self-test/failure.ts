import { VirtualSmartCardError } from '../errors.js';
import type { SelfTestCause, SelfTestError } from './report.js';

/** A call gave something else than it should. Never put a secret into the message. */
export class UnexpectedResult extends Error {
  readonly code = 'UNEXPECTED_RESULT';

  override get name(): string {
    return 'UnexpectedResult';
  }
}

/** A step that must not be run as things are; its message says why. */
export class NotRun extends Error {
  override get name(): string {
    return 'NotRun';
  }
}

/** Expects two plain values to be equal. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got === wanted) return;
  throw new UnexpectedResult(`Expected ${wanted} for ${what}, got ${got}.`);
}

/** Expects something to hold. */
export function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new UnexpectedResult(otherwise);
}

/** Causes nest no deeper than this. */
const MAX_CAUSES = 8;

/** An error as the report has it. */
export function describeFailure(error: unknown): SelfTestError {
  const message = error instanceof Error ? error.message : String(error);
  const triesLeft = VirtualSmartCardError.is(error) ? error.triesLeft : undefined;
  const causes: SelfTestCause[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && causes.length < MAX_CAUSES) {
    causes.push(codesOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return {
    ...codesOf(error),
    message,
    ...(triesLeft !== undefined && { triesLeft }),
    ...(causes.length > 0 && { causes }),
  };
}

/** What an error of ours, of the addon or of Node is looked up by. */
function codesOf(error: unknown): SelfTestCause {
  const { code, name, hresult, statusWord, tpmCode, reportedError } = Object(error) as Record<
    string,
    unknown
  >;
  return {
    code: text(code) ?? text(name) ?? typeof error,
    ...hexField('hresult', hresult, 8),
    ...hexField('statusWord', statusWord, 4),
    ...hexField('tpmCode', tpmCode, 8),
    ...(reportedError !== undefined && { reportedError: String(reportedError) }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function hexField(name: 'hresult' | 'statusWord' | 'tpmCode', value: unknown, digits: number) {
  if (typeof value !== 'number') return {};
  const hex = (value >>> 0).toString(16).toUpperCase().padStart(digits, '0');
  return { [name]: `0x${hex}` };
}
