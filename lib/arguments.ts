import { describeType, invalidArgument, VirtualSmartCardError } from './errors.js';

/** Options of calls that can be stopped. */
export interface AbortOptions {
  /** Stops the call; it then rejects with `ERR_ABORTED` and leaves nothing half done. */
  signal?: AbortSignal | undefined;
}

/**
 * Checks that options are an object that has no other names than the known ones: a misspelt option
 * is an error, never ignored.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function checkOptions(options: unknown, known: readonly string[], parameter = 'options') {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidArgument(parameter, 'an object', describeType(options));
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const expected = known.length === 0 ? 'no options' : `only ${known.join(', ')}`;
    throw invalidArgument(parameter, expected, `"${name.slice(0, 80)}"`);
  }
}

/**
 * Checks a signal, and that it has not fired yet.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_ABORTED`
 */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  if (!(signal instanceof AbortSignal)) {
    throw invalidArgument('signal', 'an AbortSignal', describeType(signal));
  }
  if (signal.aborted) throw aborted(signal.reason);
}

/** The one form of `ERR_ABORTED`. */
export function aborted(reason: unknown): VirtualSmartCardError {
  const text = 'The call was aborted by its signal.';
  return new VirtualSmartCardError('ERR_ABORTED', text, { cause: reason });
}

/** A boolean option and what it means when it is left out. */
export function booleanOption(value: unknown, parameter: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value === 'boolean') return value;
  throw invalidArgument(parameter, 'true or false', describeType(value));
}

/** An option that is one of a few words, and what it means when it is left out. */
export function wordOption<Word extends string>(
  value: unknown,
  parameter: string,
  words: readonly Word[],
  otherwise: Word,
): Word {
  if (value === undefined) return otherwise;
  const word = words.find((each) => each === value);
  if (word !== undefined) return word;
  const actual = typeof value === 'string' ? `"${value.slice(0, 80)}"` : describeType(value);
  throw invalidArgument(parameter, `one of ${words.join(', ')}`, actual);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * A text of `1` to `maxLength` UTF-16 units without control characters or halves of a surrogate pair.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function checkText(value: unknown, parameter: string, maxLength: number): string {
  const expected = `1 to ${maxLength} characters without control characters`;
  if (typeof value !== 'string') throw invalidArgument(parameter, expected, describeType(value));
  if (value.length === 0) throw invalidArgument(parameter, expected, 'an empty string');
  if (value.length > maxLength) {
    throw invalidArgument(parameter, expected, `${value.length} characters`);
  }
  if (CONTROL_CHARACTERS.test(value) || /\p{Surrogate}/u.test(value)) {
    throw invalidArgument(parameter, expected, 'a text with one');
  }
  return value;
}

/** Longest path that any platform takes. */
const LONGEST_PATH = 32_767;

/** A path, an address or a name as `checkText` takes it, or undefined when it is left out. */
export function optionalText(value: unknown, parameter: string): string | undefined {
  return value === undefined ? undefined : checkText(value, parameter, LONGEST_PATH);
}

/** A function, or undefined when it is left out. */
export function checkCallback(value: unknown, parameter: string): void {
  if (value === undefined || typeof value === 'function') return;
  throw invalidArgument(parameter, 'a function', describeType(value));
}
