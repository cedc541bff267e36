import { VirtualSmartCardError } from '../../errors.js';
import type { NativeCall } from '../../native-call.js';
import { isUnreturned } from '../../native-call.js';
import type { NativeMinidriver } from '../../native-windows.js';
import type { CredentialPurpose } from './credential-meanings.js';
import type { WinscardChannel } from './winscard-channel.js';

/**
 * The card module (minidriver) that Windows has for a card, loaded for a channel. Its functions are for
 * within a transaction of the channel.
 *
 * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` for what the module does not offer, and the errors
 * of PIN, PUK and admin key
 */
export class CardModule {
  readonly #channel: WinscardChannel;
  readonly #module: NativeMinidriver;

  private constructor(channel: WinscardChannel, module: NativeMinidriver) {
    this.#channel = channel;
    this.#module = module;
  }

  /**
   * undefined when Windows has none for the card, or none that takes it: what is wrong with the card
   * itself, its own commands will tell.
   */
  static async load(channel: WinscardChannel): Promise<CardModule | undefined> {
    let module: NativeMinidriver | null;
    try {
      module = await channel.call((handle) => handle.minidriver());
    } catch (error) {
      if (isUnreturned(error)) throw error;
      return undefined;
    }
    return module ? new CardModule(channel, module) : undefined;
  }

  /** The name of its file. */
  get file(): string {
    return this.#module.file;
  }

  async verifyPin(pin: Uint8Array): Promise<void> {
    await this.#call('verifyPin', (module) => module.verifyPin(pin));
  }

  async changePin(oldPin: Uint8Array, newPin: Uint8Array): Promise<void> {
    await this.#call('changePin', (module) => module.changePin(oldPin, newPin));
  }

  async unblockByPuk(puk: Uint8Array, newPin: Uint8Array): Promise<void> {
    await this.#call('resetPinByPuk', (module) => module.unblockByPuk(puk, newPin));
  }

  async challenge(): Promise<Uint8Array> {
    return this.#call('authenticateAdmin', (module) => module.challenge());
  }

  async unblockByResponse(response: Uint8Array, newPin: Uint8Array): Promise<void> {
    await this.#call('resetPinByAdmin', (module) => module.unblockByResponse(response, newPin));
  }

  async changeAdminKey(response: Uint8Array, newKey: Uint8Array): Promise<void> {
    await this.#call('setAdminKey', (module) => module.changeAdminKey(response, newKey));
  }

  async authenticateAdmin(response: Uint8Array): Promise<void> {
    await this.#call('authenticateAdmin', (module) => module.authenticateAdmin(response));
  }

  /** Lets go of the module. When that fails, it goes with the card's handle. */
  async release(): Promise<void> {
    try {
      await this.#channel.call(() => this.#module.release());
    } catch (error) {
      if (!VirtualSmartCardError.is(error)) throw error;
    }
  }

  #call<T>(
    purpose: CredentialPurpose,
    start: (module: NativeMinidriver) => NativeCall<T>,
  ): Promise<T> {
    return this.#channel.call(() => start(this.#module), purpose);
  }
}
