import { type AbortOptions, checkOptions, checkSignal } from './arguments.js';
import type { PinOption } from './backend/backend.js';
import { invalidArgument } from './errors.js';
import { copySecret, type SecretInput, wipe } from './secret.js';

/** Bytes in a PIN and in a PUK, whatever a card's policy says ([MS-TPMVSC] 3.3.4.1). */
const PIN_LENGTH = { min: 4, max: 127 };
const PUK_LENGTH = { min: 8, max: 127 };

/** Options of calls that may need the PIN. */
export interface PinOptions extends AbortOptions {
  /**
   * Verified for this call alone: afterwards the card is locked again, unless `verifyPin` had
   * unlocked it before. Left out, the call relies on `verifyPin`.
   */
  pin?: SecretInput | undefined;
}

export const PIN_OPTIONS = ['pin', 'signal'] as const;

/** The library's own copies of the secrets of one call, all wiped together. */
export class SecretCopies {
  readonly #copies: Buffer[] = [];

  keep(copy: Buffer): Buffer {
    this.#copies.push(copy);
    return copy;
  }

  wipe(): void {
    wipe(...this.#copies);
  }
}

/** The library's own copy of a PIN; its length is checked, so that a slip costs no try. */
export function copyPin(input: SecretInput, parameter = 'pin'): Buffer {
  return copyOfLength(input, parameter, PIN_LENGTH);
}

/** The library's own copy of a PUK. */
export function copyPuk(input: SecretInput, parameter = 'puk'): Buffer {
  return copyOfLength(input, parameter, PUK_LENGTH);
}

/**
 * Runs `use` with the library's own copy of the PIN in the options, and wipes it afterwards. The
 * copy is made before the first wait, so what the caller does to theirs changes nothing.
 */
export async function withPin<T>(
  options: PinOptions,
  use: (options: PinOption) => Promise<T>,
): Promise<T> {
  checkSignal(options.signal);
  if (options.pin === undefined) return use({ signal: options.signal });
  const pin = copyPin(options.pin);
  try {
    return await use({ pin, signal: options.signal });
  } finally {
    wipe(pin);
  }
}

/** {@link withPin} for calls whose options hold nothing but PIN and signal. */
export async function withCheckedPin<T>(
  options: PinOptions,
  use: (options: PinOption) => Promise<T>,
): Promise<T> {
  checkOptions(options, PIN_OPTIONS);
  return withPin(options, use);
}

function copyOfLength(
  input: SecretInput,
  parameter: string,
  { min, max }: { min: number; max: number },
): Buffer {
  const secret = copySecret(input, parameter);
  if (secret.length >= min && secret.length <= max) return secret;
  const actual = secret.length < min ? 'fewer' : 'more';
  wipe(secret);
  throw invalidArgument(parameter, `${min} to ${max} bytes`, actual);
}
