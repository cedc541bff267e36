import { VirtualSmartCardError } from '../../errors.js';
import { GidsClient } from '../../gids/client.js';
import { decodeContainerMap } from '../../gids/container-map.js';
import { FileId, ObjectTag } from '../../gids/file-ids.js';
import type { ReaderChannel } from './reader-channel.js';

/** What only the card itself knows; undefined where it does not say. */
export interface CardDetails {
  cardId: string | undefined;
  /** Whether the card has its file system. */
  isGenerated: boolean;
  hasPuk: boolean | undefined;
  pinTriesLeft: number | undefined;
  pinTriesMax: number | undefined;
  pukTriesLeft: number | undefined;
  containerCount: number | undefined;
}

/** Of a card that is busy with something else. */
export const UNKNOWN_DETAILS: CardDetails = {
  cardId: undefined,
  isGenerated: true,
  hasPuk: undefined,
  pinTriesLeft: undefined,
  pinTriesMax: undefined,
  pukTriesLeft: undefined,
  containerCount: undefined,
};

/**
 * What the card in a reader says of itself to everybody, read in one transaction. The card is left as
 * it is: whoever is logged in to it stays so.
 *
 * @param channel - left `asItIs`, and closed here
 * @throws VirtualSmartCardError `ERR_CARD_NOT_FOUND`, `ERR_NOT_SUPPORTED` for a card that is no GIDS card,
 * and what else keeps the card from answering
 */
export async function readCardDetails(
  channel: Pick<ReaderChannel, 'transmit' | 'exclusively' | 'reset' | 'close'>,
): Promise<CardDetails> {
  try {
    return await channel.exclusively(() => read(new GidsClient(channel)));
  } finally {
    await channel.close();
  }
}

async function read(client: GidsClient): Promise<CardDetails> {
  const pin = await client.pinTries();
  const puk = await client.pukTries();
  const cardId = await readCardId(client);
  const map = await readFile(client, FileId.EVERYONE_READS_USER_WRITES, ObjectTag.CMAPFILE);
  return {
    cardId,
    isGenerated: map !== undefined,
    hasPuk: puk !== undefined,
    pinTriesLeft: pin.left,
    pinTriesMax: pin.max,
    pukTriesLeft: puk?.left,
    containerCount: map ? decodeContainerMap(map).filter((record) => record).length : 0,
  };
}

/** The card's identifier; undefined on a card without one. */
export async function readCardId(client: GidsClient): Promise<string | undefined> {
  const cardId = await readFile(client, FileId.EVERYONE_READS_ADMIN_WRITES, ObjectTag.CARDID);
  return cardId?.length === 16 ? formatUuid(cardId) : undefined;
}

/** A file that everyone may read; undefined on a card without it. */
async function readFile(client: GidsClient, file: number, tag: number) {
  try {
    return await client.readObject(file, tag);
  } catch (error) {
    if (VirtualSmartCardError.is(error, 'ERR_CARD_NOT_INITIALIZED')) return undefined;
    throw error;
  }
}

/** As a UUID, the bytes in the order of the file. */
function formatUuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
