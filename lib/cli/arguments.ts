import { usageError } from './failure.js';
import type { Option, Options } from './options.js';

/** The words of one command line, sorted into options and operands. */
export class Arguments {
  readonly #options: Options;
  readonly #given: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];

  private constructor(
    options: Options,
    given: ReadonlyMap<string, readonly string[]>,
    operands: readonly string[],
  ) {
    this.#options = options;
    this.#given = given;
    this.operands = operands;
  }

  /**
   * Sorts the words that follow a verb. An option may be written `--name VALUE`, `--name=VALUE`, or
   * as tpmvscmgr and certreq have it, `/name VALUE` and `-name VALUE` in any case. Both spellings go
   * through one table, which is why node:util's parseArgs, that knows only the first, is not used.
   *
   * @param maxOperands - how many words may stand without an option
   * @throws CliError `ERR_USAGE`, which names the wrong word
   */
  static parse(words: readonly string[], options: Options, maxOperands = 0): Arguments {
    const given = new Map<string, string[]>();
    const operands: string[] = [];
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at] as string;
      if (word === '--') {
        operands.push(...words.slice(at + 1));
        break;
      }
      const found = findOption(word, options, maxOperands > 0);
      if (!found) {
        operands.push(word);
        continue;
      }
      const { name, attached } = found;
      if (given.has(name)) throw usageError(`${written(word)} is given twice.`);
      const values = attached === undefined ? takeValues(words, at, name, options) : [attached];
      if (attached === undefined) at += values.length;
      checkValues(written(word), values, attached, options[name] as Option);
      given.set(name, values);
    }
    if (operands.length > maxOperands) {
      // Not repeated: a PIN typed after the verb would end up in a log.
      throw usageError(
        `Argument ${maxOperands + 1} without an option is one too many` +
          ' (it is not repeated here, as it may be a secret).',
      );
    }
    return new Arguments(options, given, operands);
  }

  /** Whether the option was given. */
  has(name: string): boolean {
    this.#require(name);
    return this.#given.has(name);
  }

  /** The option's value; one of its choices in lower case, where it has choices. */
  value(name: string): string | undefined {
    const option = this.#require(name);
    const value = this.#given.get(name)?.[0];
    return option.choices ? value?.toLowerCase() : value;
  }

  /** The same for an option that not every verb has. */
  valueIfOffered(name: string): string | undefined {
    return name in this.#options ? this.value(name) : undefined;
  }

  /** The words that followed the option. */
  words(name: string): readonly string[] | undefined {
    this.#require(name);
    return this.#given.get(name);
  }

  /** The option's value, which the verb cannot do without. */
  required(name: string): string {
    const value = this.value(name);
    if (value === undefined) throw usageError(`--${name} is missing.`);
    return value;
  }

  #require(name: string): Option {
    const option = this.#options[name];
    if (!option) throw new RangeError(`this verb has no option ${name}`);
    return option;
  }
}

interface FoundOption {
  name: string;
  /** The value behind `=`. */
  attached: string | undefined;
}

/**
 * The option that a word is; undefined for an operand. A word behind `/` that is no option is taken
 * for a path where the verb has operands.
 */
function findOption(word: string, options: Options, hasOperands: boolean): FoundOption | undefined {
  const gnu = /^--([^=]+)(?:=(.*))?$/s.exec(word);
  if (gnu) {
    const name = gnu[1] as string;
    if (Object.hasOwn(options, name)) return { name, attached: gnu[2] };
    throw usageError(`Unknown option ${written(word)}.`);
  }
  if (!/^[/-]./s.test(word)) return undefined;
  const typed = word.slice(1).toLowerCase();
  for (const [name, option] of Object.entries(options)) {
    if (name === typed || option.words?.includes(typed)) return { name, attached: undefined };
  }
  if (word.startsWith('/') && hasOperands) return undefined;
  throw usageError(`Unknown option ${written(word)}.`);
}

/** An option as it was typed, without a value glued to it (`--pin=1234`, `/pin:1234`, `-p1234`). */
function written(word: string): string {
  return (/^[-/]+[a-z?-]*/i.exec(word)?.[0] ?? '').slice(0, 40);
}

function takeValues(
  words: readonly string[],
  at: number,
  name: string,
  options: Options,
): string[] {
  const { takes } = options[name] as Option;
  if (takes === 'nothing') return [];
  const following = words.slice(at + 1);
  const end = following.findIndex((word) => isOption(word, options));
  const values = end < 0 ? following : following.slice(0, end);
  return takes === 'words' ? values : values.slice(0, 1);
}

/** Whether a word that could be a value is an option, known or not. */
function isOption(word: string, options: Options): boolean {
  if (/^--./s.test(word)) return true;
  const typed = word.slice(1).toLowerCase();
  return (
    /^[/-]/.test(word) &&
    Object.entries(options).some(([name, { words }]) => name === typed || words?.includes(typed))
  );
}

function checkValues(
  typed: string,
  values: readonly string[],
  attached: string | undefined,
  option: Option,
): void {
  if (option.takes === 'nothing') {
    if (attached !== undefined) throw usageError(`${typed} takes no value.`);
    return;
  }
  if (option.takes === 'words') return;
  const value = values[0];
  const choices = option.choices?.join(', ').replace(/, ([^,]*)$/, ' or $1');
  if (value === undefined || value === '') {
    throw usageError(`${typed} needs a value: ${choices ?? option.value}.`);
  }
  if (!option.choices || option.choices.includes(value.toLowerCase())) return;
  if (option.secret) {
    throw usageError(
      `The ${option.secret} is never taken from the command line, where other users and the` +
        ` shell's history see it. Use ${typed} ${choices}; scripts add --pin-stdin and write it to` +
        ' standard input. Change it if it was a real one.',
    );
  }
  throw usageError(`${typed} takes ${choices}, not "${value.slice(0, 80)}".`);
}
