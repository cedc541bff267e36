import { allocateSecret, concatSecret, wipe } from '../secret.js';

/** More than any PIN, PUK or admin key in hexadecimal has. */
const CAPACITY = 1024;

const ESCAPE = 0x1b;

/** What a byte did to the line. */
export type LineState = 'open' | 'done' | 'interrupted' | 'ended' | 'too-long';

/**
 * One line of secret input, collected byte by byte in memory of its own.
 *
 * `typed` lines come from a terminal in raw mode, so that the editing keys are carried out here:
 * Backspace, Ctrl-U, Enter, Ctrl-D on an empty line, Ctrl-C and Ctrl-\. Cursor keys and other
 * control characters do nothing: nobody would see that they had become part of the secret.
 */
export class SecretLine {
  readonly #typed: boolean;
  readonly #bytes = allocateSecret(CAPACITY);
  #length = 0;
  #escape: 'none' | 'started' | 'sequence' = 'none';

  constructor(kind: 'typed' | 'piped') {
    this.#typed = kind === 'typed';
  }

  push(byte: number): LineState {
    if (byte === 0x0a || (this.#typed && byte === 0x0d)) return 'done';
    if (this.#typed) {
      if (this.#swallowEscape(byte)) return 'open';
      if (byte < 0x20 || byte === 0x7f) return this.#control(byte);
    }
    if (this.#length === CAPACITY) return 'too-long';
    this.#bytes[this.#length] = byte;
    this.#length += 1;
    return 'open';
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** The line without its end, in memory that the caller wipes; this object is wiped. */
  take(): Buffer {
    const carriageReturn = !this.#typed && this.#bytes[this.#length - 1] === 0x0d;
    const length = this.#length - (carriageReturn ? 1 : 0);
    const line = concatSecret(this.#bytes.subarray(0, length));
    this.wipe();
    return line;
  }

  wipe(): void {
    wipe(this.#bytes);
    this.#length = 0;
  }

  #control(byte: number): LineState {
    if (byte === 0x03 || byte === 0x1c) return 'interrupted';
    if (byte === 0x04 && this.isEmpty) return 'ended';
    if (byte === 0x08 || byte === 0x7f) this.#removeCharacter();
    if (byte === 0x15) this.wipe();
    return 'open';
  }

  /** Removes the last character, all its bytes when it is a multi-byte one of UTF-8. */
  #removeCharacter(): void {
    let removed = 0x80;
    while (this.#length > 0 && (removed & 0xc0) === 0x80) {
      this.#length -= 1;
      removed = this.#bytes[this.#length] as number;
      this.#bytes[this.#length] = 0;
    }
  }

  /** Whether the byte belongs to an escape sequence such as a cursor key's. */
  #swallowEscape(byte: number): boolean {
    if (byte === ESCAPE) {
      this.#escape = 'started';
      return true;
    }
    if (this.#escape === 'started') {
      const opens = byte === 0x5b || byte === 0x4f;
      this.#escape = opens ? 'sequence' : 'none';
      return opens;
    }
    if (this.#escape === 'sequence') {
      if (byte >= 0x40 && byte <= 0x7e) this.#escape = 'none';
      return byte >= 0x20 && byte <= 0x7e;
    }
    return false;
  }
}
