import { cardResponseError } from './status-error.js';
import { TlvError } from './tlv.js';

/**
 * Takes a card's answer apart; bytes that are no BER-TLV become a typed error.
 *
 * @throws VirtualSmartCardError `ERR_CARD_RESPONSE`
 */
export function decode<T>(take: () => T): T {
  try {
    return take();
  } catch (error) {
    if (error instanceof TlvError) throw cardResponseError('an answer is no BER-TLV', error);
    throw error;
  }
}
