import { responseError } from './error.js';

/**
 * Unmarshals what a TPM answered. The TPM is not trusted to be well: a length that points past the
 * end is an `ERR_TPM_RESPONSE`, never a read out of range.
 */
export class TpmReader {
  readonly #bytes: Buffer;
  #offset: number;
  readonly #end: number;

  constructor(bytes: Buffer, offset = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#offset = offset;
    this.#end = end;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#end - this.#offset;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  u16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  /** The next bytes, as a view of the response. */
  take(count: number): Buffer {
    const at = this.#advance(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** Content of a TPM2B, as a view of the response. */
  sized(): Buffer {
    return this.take(this.u16());
  }

  /** Everything must have been read: trailing bytes are no valid response. */
  end(): void {
    if (this.remaining !== 0) throw responseError(`${this.remaining} bytes too many`);
  }

  /** Wipes the whole response under this reader. */
  wipe(): void {
    this.#bytes.fill(0);
  }

  #advance(count: number): number {
    if (count > this.remaining) {
      throw responseError(`${count} bytes expected where ${this.remaining} are left`);
    }
    const at = this.#offset;
    this.#offset = at + count;
    return at;
  }
}
