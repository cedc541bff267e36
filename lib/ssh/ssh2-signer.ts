import type { VirtualSmartCardManager } from '../manager.js';
import type { CheckedSignerOptions } from './agent-options.js';
import { RSA_SHA2_256, RSA_SHA2_512 } from './signature.js';
import { SshSigner } from './signer.js';

const FLAGS: Readonly<Record<string, number>> = { sha256: RSA_SHA2_256, sha512: RSA_SHA2_512 };

/** The signer in the words of the package ssh2. */
export class Ssh2Signer {
  readonly #signer: SshSigner;

  constructor(manager: VirtualSmartCardManager, options: CheckedSignerOptions) {
    this.#signer = new SshSigner(manager, options);
  }

  /** The public keys' blobs. */
  async identities(): Promise<Buffer[]> {
    return (await this.#signer.publicKeys()).map(({ blob }) => blob);
  }

  /** @param hash - `sha256`, `sha512`, or what is left out for SHA-1; of RSA keys only */
  async sign(blob: Uint8Array, data: Uint8Array, hash: string | undefined): Promise<Buffer> {
    const flags = FLAGS[hash ?? ''] ?? 0;
    const { signal } = new AbortController();
    return (await this.#signer.sign(blob, data, flags, signal)).content;
  }

  forgetPins(): Promise<void> {
    return this.#signer.forgetPins();
  }

  close(): Promise<void> {
    return this.#signer.close();
  }
}
