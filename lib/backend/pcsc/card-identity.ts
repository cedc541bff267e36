import { VirtualSmartCardError } from '../../errors.js';
import { GidsClient } from '../../gids/client.js';
import type { NativeCardHandle } from '../../native-pcsc.js';
import { readCardId } from '../../pcsc/client/card-details.js';
import { type ReaderAccess, ReaderChannel } from '../../pcsc/client/reader-channel.js';

/**
 * Which card a connection was opened to. When its handle is gone (pcscd was restarted, the card was
 * taken out) another card may be in the reader by then: no PIN must be tried on that one.
 */
export class CardIdentity {
  #isKnown = false;
  #cardId: string | undefined;

  /**
   * Learns it at the first handle, and compares it at those that follow.
   *
   * @throws VirtualSmartCardError `ERR_CARD_NOT_FOUND`
   */
  async check(
    access: ReaderAccess<NativeCardHandle, never>,
    handle: NativeCardHandle,
  ): Promise<void> {
    // Never closed: the handle goes on to whoever asked.
    const channel = new ReaderChannel(access, handle, 'asItIs');
    const cardId = await channel.exclusively(() => readCardId(new GidsClient(channel)));
    if (!this.#isKnown) {
      this.#isKnown = true;
      this.#cardId = cardId;
      return;
    }
    // One blank card is like another.
    if (cardId !== undefined && cardId === this.#cardId) return;
    throw new VirtualSmartCardError(
      'ERR_CARD_NOT_FOUND',
      'The card was taken out, and what is in the reader now may be another one. Open the card again.',
    );
  }
}
