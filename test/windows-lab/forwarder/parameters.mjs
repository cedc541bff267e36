/** A request that is not as PROTOCOL.md has it. */
export class ProtocolError extends Error {
  code = 'ERR_LAB_PROTOCOL';
}

/** The parameters of a request, taken out one by one, each of the type that it must have. */
export class Parameters {
  #values;
  #left;

  constructor(values) {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw new ProtocolError('params is not an object');
    }
    this.#values = values;
    this.#left = new Set(Object.keys(values));
  }

  text(name) {
    return this.#take(name, (value) => typeof value === 'string', 'a string');
  }

  flag(name) {
    return this.#take(name, (value) => typeof value === 'boolean', 'a boolean');
  }

  number(name) {
    return this.#take(name, (value) => Number.isSafeInteger(value) && value >= 0, 'a number');
  }

  object(name) {
    const isObject = (value) => typeof value === 'object' && value !== null;
    return this.#take(name, isObject, 'an object');
  }

  list(name) {
    return this.#take(name, Array.isArray, 'an array');
  }

  bytes(name) {
    const text = this.text(name);
    const bytes = Buffer.from(text, 'base64');
    if (bytes.toString('base64') !== text) throw new ProtocolError(`${name} is not base64`);
    return bytes;
  }

  /** What `read` takes, or undefined for a null. */
  nullable(name, read) {
    if (this.#values[name] !== null) return read.call(this, name);
    this.#left.delete(name);
    return undefined;
  }

  /** What `read` takes, or undefined when it is not there. */
  optional(name, read) {
    return name in this.#values ? read.call(this, name) : undefined;
  }

  /** Refuses what nobody took. */
  end() {
    if (this.#left.size === 0) return;
    throw new ProtocolError(`unknown: ${[...this.#left].join(', ')}`);
  }

  #take(name, isGood, expected) {
    const value = this.#values[name];
    this.#left.delete(name);
    if (!isGood(value)) throw new ProtocolError(`${name} must be ${expected}`);
    return value;
  }
}
