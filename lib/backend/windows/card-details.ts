import { VirtualSmartCardError } from '../../errors.js';
import { GidsClient } from '../../gids/client.js';
import { decodeContainerMap } from '../../gids/container-map.js';
import { FileId, ObjectTag } from '../../gids/file-ids.js';
import type { CardDetails } from './card-info.js';
import { type CardSystem, WinscardChannel } from './winscard-channel.js';

/**
 * What the card in a reader says of itself to everybody, read in one transaction. The card is left as
 * it is: whoever is logged in to it stays so.
 *
 * @throws VirtualSmartCardError `ERR_CARD_NOT_FOUND`, `ERR_NOT_SUPPORTED` for a card that is no GIDS card,
 * and what else keeps the card from answering
 */
export async function readCardDetails(
  { addon, limits }: CardSystem,
  readerName: string,
): Promise<CardDetails> {
  // Reading is quick, unless the card or another program does not let go of it.
  const system = { addon, limits: { ...limits, command: limits.query } };
  const channel = await WinscardChannel.open(system, readerName, 'asItIs');
  try {
    return await channel.exclusively(() => read(new GidsClient(channel)));
  } finally {
    await channel.close();
  }
}

async function read(client: GidsClient): Promise<CardDetails> {
  const pin = await client.pinTries();
  const puk = await client.pukTries();
  const cardId = await readFile(client, FileId.EVERYONE_READS_ADMIN_WRITES, ObjectTag.CARDID);
  const map = await readFile(client, FileId.EVERYONE_READS_USER_WRITES, ObjectTag.CMAPFILE);
  return {
    cardId: cardId?.length === 16 ? formatUuid(cardId) : undefined,
    isGenerated: map !== undefined,
    hasPuk: puk !== undefined,
    pinTriesLeft: pin.left,
    pinTriesMax: pin.max,
    pukTriesLeft: puk?.left,
    containerCount: map ? decodeContainerMap(map).filter((record) => record).length : 0,
  };
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
