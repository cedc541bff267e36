import { VirtualSmartCardError } from '../errors.js';
import type { ApduChannel } from '../gids/channel.js';

/** As on Windows: a card that is held and with which nothing is done for so long is reset. */
const IDLE_LIMIT_MS = 5_000;

/**
 * A client's time alone with a card. It ends when the client says so, when he is gone, or when he has
 * done nothing for 5 seconds: then the card is reset, and what he sends before he ends it fails.
 */
export class Transaction {
  readonly #channel: ApduChannel;
  readonly #released: Promise<void>;
  #release: () => void = () => undefined;
  #idle: NodeJS.Timeout | undefined;
  #isRevoked = false;

  private constructor(channel: ApduChannel) {
    this.#channel = channel;
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /**
   * Resolves when the client has the card; undefined when he does not want it any more.
   *
   * @param isWanted - asked when the card is his
   */
  static begin(channel: ApduChannel, isWanted: () => boolean): Promise<Transaction | undefined> {
    const transaction = new Transaction(channel);
    return new Promise((resolve, reject) => {
      const hold = async () => {
        if (!isWanted()) return resolve(undefined);
        transaction.#waitForNext();
        resolve(transaction);
        await transaction.#released;
      };
      const held = channel.exclusively ? channel.exclusively(hold) : hold();
      held.catch(reject);
    });
  }

  /**
   * Carries out what the client asks for within it.
   *
   * @throws VirtualSmartCardError `ERR_TIMEOUT` when it was taken from him
   */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isRevoked) throw revoked();
    clearTimeout(this.#idle);
    try {
      return await work();
    } finally {
      this.#waitForNext();
    }
  }

  end(): void {
    clearTimeout(this.#idle);
    this.#release();
  }

  #waitForNext(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#revoke(), IDLE_LIMIT_MS);
    // The connection of its client keeps the process alive, where anything has to.
    this.#idle.unref();
  }

  #revoke(): void {
    this.#isRevoked = true;
    const release = () => this.#release();
    this.#channel.reset().then(release, release);
  }
}

function revoked(): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_TIMEOUT',
    `The card was held for ${IDLE_LIMIT_MS / 1000} seconds with nothing done, and was reset for the others who use it. Look what this process was busy with, and call again.`,
  );
}
