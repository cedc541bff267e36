import { VirtualSmartCardError } from '../../errors.js';
import type { CardConnection, CardInfo } from '../backend.js';
import { cardInfo, lostCardInfo } from './card-info.js';
import type { VirtualReader } from './virtual-readers.js';

const NO_READER =
  "The smart card service has no reader for it: the device is disabled, or its driver fails. See the device manager under 'Smart card readers'.";

/** Opens a connection to the card in a reader. */
export async function openCardConnection(reader: VirtualReader): Promise<CardConnection> {
  const { instanceId, readerName } = reader;
  if (readerName === undefined) {
    throw new VirtualSmartCardError(
      'ERR_CARD_LOST',
      `The card ${instanceId} cannot be used. ${NO_READER}`,
    );
  }
  throw new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED',
    `The card ${instanceId} in "${readerName}" cannot be opened by this version.`,
  );
}

/** A card as `list` shows it. Never fails because of one card. */
export async function describeCard(reader: VirtualReader): Promise<CardInfo> {
  if (reader.readerName === undefined) return lostCardInfo(reader, NO_READER);
  return cardInfo(reader, {
    cardId: undefined,
    isGenerated: true,
    hasPuk: undefined,
    pinTriesLeft: undefined,
    pinTriesMax: undefined,
    pukTriesLeft: undefined,
    containerCount: undefined,
  });
}
