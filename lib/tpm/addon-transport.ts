import type { NativeTransport } from '../native.js';
import type { TpmTransport } from './transport.js';

/** Makes an error of the library from one of the addon's. */
export type ErrorConversion = (error: unknown) => unknown;

/** A transport of the addon with the library's errors. */
export class AddonTransport implements TpmTransport {
  readonly kind: 'libtpms' | 'device';
  readonly address: string;
  readonly inProcess: boolean;
  readonly forget?: (values: readonly Uint8Array[]) => Promise<void>;
  readonly #native: NativeTransport;
  readonly #convert: ErrorConversion;

  constructor(
    kind: 'libtpms' | 'device',
    address: string,
    native: NativeTransport,
    convert: ErrorConversion,
  ) {
    this.kind = kind;
    this.address = address;
    this.inProcess = kind === 'libtpms';
    this.#native = native;
    this.#convert = convert;
    if (this.inProcess) this.forget = (values) => native.forget(values).catch(this.#rethrow);
  }

  transmit(command: Uint8Array): Promise<Buffer> {
    return this.#native.transmit(command).catch(this.#rethrow);
  }

  close(): Promise<void> {
    return this.#native.close().catch(this.#rethrow);
  }

  readonly #rethrow = (error: unknown): never => {
    throw this.#convert(error);
  };
}
