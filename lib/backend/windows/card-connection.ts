import { VirtualSmartCardError } from '../../errors.js';
import { GidsCardConnection } from '../../gids/card-connection.js';
import type { KeyProvider } from '../../native-windows.js';
import {
  type CardDetails,
  readCardDetails,
  UNKNOWN_DETAILS,
} from '../../pcsc/client/card-details.js';
import { Scard } from '../../pcsc/client/scard-codes.js';
import type { CardConnection, CardInfo } from '../backend.js';
import { attestationKeyContainer } from './attestation-key.js';
import { cardInfo, lostCardInfo } from './card-info.js';
import { CardPins } from './card-pins.js';
import { ProviderKeys } from './provider-keys.js';
import type { UserCertificates } from './user-certificates.js';
import type { VirtualReader } from './virtual-readers.js';
import { WaysTaken } from './ways-taken.js';
import { WindowsCardConnection } from './windows-card-connection.js';
import { type CardSystem, WinscardChannel } from './winscard-channel.js';

const NO_READER =
  "The smart card service has no reader for it: the device is disabled, or its driver fails. See the device manager under 'Smart card readers'.";

/** What a manager keeps for its connections to a card. */
export interface CardContext {
  /** Which provider made a container of this card, by folded name. */
  makers: Map<string, KeyProvider>;
  /** undefined: the user's store of certificates is left alone. */
  certificates: UserCertificates | undefined;
}

/**
 * Opens a connection to the card in a reader. It leaves the card with a reset.
 *
 * @throws VirtualSmartCardError `ERR_CARD_LOST`, `ERR_CARD_NOT_FOUND`, `ERR_SMART_CARD_SERVICE`, `ERR_WINDOWS`
 */
export async function openCardConnection(
  system: CardSystem,
  reader: VirtualReader,
  { makers, certificates }: CardContext,
): Promise<CardConnection> {
  const { instanceId, readerName } = reader;
  if (readerName === undefined) {
    throw new VirtualSmartCardError(
      'ERR_CARD_LOST',
      `The card ${instanceId} cannot be used. ${NO_READER}`,
    );
  }
  const channel = await WinscardChannel.open(system, readerName, 'reset');
  const info = async () => cardInfo(reader, await detailsOf(system, readerName));
  const gids = new GidsCardConnection(channel, info);
  const ways = new WaysTaken();
  const pins = new CardPins(channel, gids, ways);
  const providers = new ProviderKeys(system, readerName);
  return new WindowsCardConnection({
    ...{ gids, pins, providers, makers, certificates, ways },
    attestationKey: (options) => attestationKeyContainer(system, readerName, options),
  });
}

/** A card as `list` shows it. Never fails because of one card. */
export async function describeCard(system: CardSystem, reader: VirtualReader): Promise<CardInfo> {
  if (reader.readerName === undefined) return lostCardInfo(reader, NO_READER);
  try {
    return cardInfo(reader, await detailsOf(system, reader.readerName));
  } catch (error) {
    if (!VirtualSmartCardError.is(error)) throw error;
    const isBusy = error.hresult === Scard.SHARING_VIOLATION || error.code === 'ERR_TIMEOUT';
    if (isBusy) return cardInfo(reader, UNKNOWN_DETAILS);
    return lostCardInfo(reader, error.message);
  }
}

async function detailsOf({ addon, limits }: CardSystem, readerName: string): Promise<CardDetails> {
  // Reading is quick, unless the card or another program does not let go of it.
  const system = { addon, limits: { ...limits, command: limits.query } };
  return readCardDetails(await WinscardChannel.open(system, readerName, 'asItIs'));
}
