import { allocateSecret, wipe } from '../secret.js';

/** A number by itself, as it goes into a hash. It is no secret, so it may lie in shared memory. */
export function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/**
 * Marshals TPM structures: big-endian integers and sized buffers (TPM2B). Its memory is never
 * shared, and what it outgrows is wiped, so it may hold secrets; whoever made it calls `wipe`.
 */
export class TpmWriter {
  #memory: Buffer;
  #length = 0;

  constructor(capacity = 256) {
    this.#memory = allocateSecret(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What has been written; a view, valid until the next write or `wipe`. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  u8(value: number): this {
    const at = this.#advance(1);
    this.#memory[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#advance(2);
    this.#memory.writeUInt16BE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#advance(4);
    this.#memory.writeUInt32BE(value >>> 0, at);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#advance(bytes.length);
    this.#memory.set(bytes, at);
    return this;
  }

  /** A TPM2B: 16-bit size, then the bytes. */
  sized(bytes: Uint8Array): this {
    return this.u16(bytes.length).raw(bytes);
  }

  /** A TPM2B around whatever `write` writes. */
  sizedBy(write: (writer: this) => void): this {
    const at = this.#advance(2);
    write(this);
    this.#memory.writeUInt16BE(this.#length - at - 2, at);
    return this;
  }

  /** Sets a 32-bit integer written before, such as a size known only now. */
  patchU32(at: number, value: number): this {
    this.#memory.writeUInt32BE(value >>> 0, at);
    return this;
  }

  wipe(): void {
    wipe(this.#memory);
  }

  #advance(count: number): number {
    const at = this.#length;
    const end = at + count;
    if (end > this.#memory.length) {
      const outgrown = this.#memory;
      this.#memory = allocateSecret(Math.max(end, 2 * outgrown.length));
      this.#memory.set(outgrown);
      wipe(outgrown);
    }
    this.#length = end;
    return at;
  }
}
