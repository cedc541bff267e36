/** Bytes that are not what the protocol says: from the other end, never from our caller. */
export class WireError extends Error {
  override get name(): string {
    return 'WireError';
  }
}

/** Reads the data types of RFC 4251, section 5. What it returns lies in the bytes it was given. */
export class WireReader {
  #rest: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#rest = bytes;
  }

  byte(): number {
    return this.#take(1)[0] as number;
  }

  uint32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#take(4);
    return a * 0x1000000 + (b << 16) + (c << 8) + d;
  }

  string(): Uint8Array {
    return this.#take(this.uint32());
  }

  /** @throws WireError when something is left */
  end(): void {
    if (this.#rest.length > 0) throw new WireError(`${this.#rest.length} bytes too many`);
  }

  #take(length: number): Uint8Array {
    if (length > this.#rest.length) {
      throw new WireError(`${length} bytes announced, ${this.#rest.length} there`);
    }
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}

export function wireUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A string: its length and its bytes; a text is UTF-8. */
export function wireString(content: string | Uint8Array): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([wireUint32(bytes.length), bytes]);
}

/** An unsigned big-endian number as a multiple precision integer: no superfluous zeros, never negative. */
export function wireMpint(number: Uint8Array): Buffer {
  let start = 0;
  while (start < number.length && number[start] === 0) start += 1;
  const magnitude = number.subarray(start);
  const isNegative = (magnitude[0] ?? 0) >= 0x80;
  return wireString(isNegative ? Buffer.concat([Uint8Array.of(0), magnitude]) : magnitude);
}
