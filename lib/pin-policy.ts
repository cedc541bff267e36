import { describeType, invalidArgument } from './errors.js';

/** Whether characters of a class may, must or must not be in a PIN. */
export type CharacterRule = 'allowed' | 'required' | 'disallowed';

/** A PIN policy as a caller writes it; what is left out has Windows' default. */
export interface PinPolicyOptions {
  /** Bytes, 4 to 127; default 8. */
  minLength?: number;
  /** Bytes, 4 to 127 and not below `minLength`; default 127. */
  maxLength?: number;
  /** A to Z; default allowed. */
  uppercase?: CharacterRule;
  /** a to z; default allowed. */
  lowercase?: CharacterRule;
  /** 0 to 9; default allowed. */
  digits?: CharacterRule;
  /** Printable ASCII that is neither letter nor digit, the space included; default allowed. */
  specialCharacters?: CharacterRule;
  /** Everything else: control characters and bytes from 80 to FF; default allowed. */
  otherCharacters?: CharacterRule;
}

const CLASSES = [
  { field: 'uppercase', text: 'uppercase letters', has: (byte: number) => within(byte, 'A', 'Z') },
  { field: 'lowercase', text: 'lowercase letters', has: (byte: number) => within(byte, 'a', 'z') },
  { field: 'digits', text: 'digits', has: (byte: number) => within(byte, '0', '9') },
  { field: 'specialCharacters', text: 'special characters', has: isSpecial },
  {
    field: 'otherCharacters',
    text: 'characters other than printable ASCII',
    has: (byte: number) => !isPrintable(byte),
  },
] as const;

const RULE_NUMBERS: Record<CharacterRule, number> = { allowed: 0, required: 1, disallowed: 2 };

/**
 * The rules for a card's PIN, with Windows' fields, limits and defaults ([MS-TPMVSC] 2.2.2.1).
 *
 * @example
 * ```ts
 * const policy = PinPolicy.from({ minLength: 6, digits: 'required' });
 * policy.violations(Buffer.from('abcdef')); // ['it needs at least one of: digits']
 * ```
 */
export class PinPolicy implements Required<PinPolicyOptions> {
  readonly minLength: number;
  readonly maxLength: number;
  readonly uppercase: CharacterRule;
  readonly lowercase: CharacterRule;
  readonly digits: CharacterRule;
  readonly specialCharacters: CharacterRule;
  readonly otherCharacters: CharacterRule;

  private constructor(options: PinPolicyOptions) {
    this.minLength = length('minLength', options.minLength ?? 8);
    this.maxLength = length('maxLength', options.maxLength ?? 127);
    if (this.maxLength < this.minLength) {
      throw invalidArgument(
        'pinPolicy.maxLength',
        `a length not below minLength (${this.minLength})`,
        String(this.maxLength),
      );
    }
    this.uppercase = rule('uppercase', options.uppercase);
    this.lowercase = rule('lowercase', options.lowercase);
    this.digits = rule('digits', options.digits);
    this.specialCharacters = rule('specialCharacters', options.specialCharacters);
    this.otherCharacters = rule('otherCharacters', options.otherCharacters);
    this.#requireSatisfiable();
  }

  /**
   * Checks the options and fills in the defaults.
   *
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
   * @example `const policy = PinPolicy.from({ minLength: 6, digits: 'required' });`
   */
  static from(options: PinPolicyOptions | PinPolicy = {}): PinPolicy {
    if (options instanceof PinPolicy) return options;
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      throw invalidArgument('pinPolicy', 'an object', describeType(options));
    }
    const known = new Set<string>(['minLength', 'maxLength', ...CLASSES.map((c) => c.field)]);
    for (const name of Object.keys(options)) {
      if (!known.has(name)) {
        throw invalidArgument('pinPolicy', `one of ${[...known].join(', ')}`, quoted(name));
      }
    }
    return new PinPolicy(options);
  }

  /**
   * What the PIN breaks, each as a half-sentence about "it"; empty when it is good.
   *
   * @param pin - its bytes; what counts are bytes, not characters
   * @example
   * ```ts
   * for (const violation of policy.violations(pin)) console.error(`The PIN cannot be taken: ${violation}.`);
   * ```
   */
  violations(pin: Uint8Array): string[] {
    const broken: string[] = [];
    if (pin.length < this.minLength) broken.push(`it is shorter than ${this.minLength} bytes`);
    if (pin.length > this.maxLength) broken.push(`it is longer than ${this.maxLength} bytes`);
    for (const { field, text, has } of CLASSES) {
      const present = pin.some(has);
      if (this[field] === 'required' && !present) broken.push(`it needs at least one of: ${text}`);
      if (this[field] === 'disallowed' && present) broken.push(`it must not contain ${text}`);
    }
    return broken;
  }

  /**
   * The 32-byte form that Windows takes: eight little-endian 32-bit numbers ([MS-TPMVSC] 2.2.2.1).
   *
   * @example `const blob = PinPolicy.from({ minLength: 6 }).toBytes();`
   */
  toBytes(): Buffer {
    const bytes = Buffer.alloc(32);
    const numbers = [
      1,
      this.minLength,
      this.maxLength,
      ...CLASSES.map(({ field }) => RULE_NUMBERS[this[field]]),
    ];
    for (const [position, value] of numbers.entries()) bytes.writeUInt32LE(value, position * 4);
    return bytes;
  }

  /**
   * The policy as plain options, from which `from` makes it again.
   *
   * @example `await writeFile('policy.json', JSON.stringify(policy));`
   */
  toJSON(): Required<PinPolicyOptions> {
    const { minLength, maxLength, uppercase, lowercase, digits } = this;
    const { specialCharacters, otherCharacters } = this;
    return {
      minLength,
      maxLength,
      uppercase,
      lowercase,
      digits,
      specialCharacters,
      otherCharacters,
    };
  }

  #requireSatisfiable(): void {
    const rules = CLASSES.map(({ field }) => this[field]);
    if (rules.every((each) => each === 'disallowed')) {
      throw invalidArgument('pinPolicy', 'at least one class of characters', 'all disallowed');
    }
    const required = rules.filter((each) => each === 'required').length;
    if (required > this.maxLength) {
      throw invalidArgument(
        'pinPolicy.maxLength',
        `room for ${required} required classes`,
        String(this.maxLength),
      );
    }
  }
}

function length(field: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 4 || value > 127) {
    const actual = typeof value === 'number' ? String(value) : describeType(value);
    throw invalidArgument(`pinPolicy.${field}`, 'a whole number from 4 to 127', actual);
  }
  return value;
}

function rule(field: string, value: unknown): CharacterRule {
  if (value === undefined) return 'allowed';
  if (value === 'allowed' || value === 'required' || value === 'disallowed') return value;
  const actual = typeof value === 'string' ? quoted(value) : describeType(value);
  throw invalidArgument(`pinPolicy.${field}`, "'allowed', 'required' or 'disallowed'", actual);
}

function within(byte: number, first: string, last: string): boolean {
  return byte >= first.charCodeAt(0) && byte <= last.charCodeAt(0);
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte <= 0x7e;
}

function isSpecial(byte: number): boolean {
  const alphanumeric = within(byte, 'A', 'Z') || within(byte, 'a', 'z') || within(byte, '0', '9');
  return isPrintable(byte) && !alphanumeric;
}

/** Enough of a text to know it again. */
function quoted(text: string): string {
  return `"${text.slice(0, 80)}"`;
}
