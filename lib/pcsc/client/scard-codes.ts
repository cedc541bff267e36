import type { VirtualSmartCardErrorCode } from '../../errors.js';
import type { MeaningTable } from '../../system-meanings.js';

/** What the smart card service answers where the library does something about it. */
export const Scard = {
  INVALID_HANDLE: 0x80100003,
  UNKNOWN_READER: 0x80100009,
  SHARING_VIOLATION: 0x8010000b,
  NO_SMARTCARD: 0x8010000c,
  PROTO_MISMATCH: 0x8010000f,
  COMM_ERROR: 0x80100013,
  NOT_TRANSACTED: 0x80100016,
  READER_UNAVAILABLE: 0x80100017,
  NO_SERVICE: 0x8010001d,
  SERVICE_STOPPED: 0x8010001e,
  UNRESPONSIVE_CARD: 0x80100066,
  UNPOWERED_CARD: 0x80100067,
  RESET_CARD: 0x80100068,
  REMOVED_CARD: 0x80100069,
} as const;

const CARD_IN_USE = 'Another program has the card to itself. Try again when it has ended.';
const CARD_RESET = 'Another program has reset the card, or one call took too long. Call again.';

/**
 * What the codes of winscard mean, which are the same on every system.
 *
 * @param system - how its service is started, what to do with a card that does not answer, and the
 * error code of what has none of its own
 */
export function scardMeanings(system: {
  service: string;
  mute: string;
  other: VirtualSmartCardErrorCode;
}): MeaningTable {
  return [
    ['ERR_SMART_CARD_SERVICE', system.service, [Scard.NO_SERVICE, Scard.SERVICE_STOPPED]],
    [
      'ERR_CARD_NOT_FOUND',
      'List the cards to see those there are.',
      [Scard.UNKNOWN_READER, Scard.NO_SMARTCARD, Scard.READER_UNAVAILABLE, Scard.REMOVED_CARD],
    ],
    [system.other, CARD_IN_USE, [Scard.SHARING_VIOLATION]],
    [system.other, CARD_RESET, [Scard.RESET_CARD]],
    [system.other, system.mute, [Scard.UNRESPONSIVE_CARD, Scard.UNPOWERED_CARD]],
  ];
}
