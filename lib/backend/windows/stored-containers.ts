import type { KeyObject } from 'node:crypto';
import { VirtualSmartCardError } from '../../errors.js';
import { GidsCardConnection } from '../../gids/card-connection.js';
import { publicKeyObject } from '../../public-key.js';
import { type CardSystem, WinscardChannel } from './winscard-channel.js';

/** A container as the user's store may know it. */
export interface StoredContainer {
  container: string;
  publicKey: KeyObject;
  /** The certificate on the card, DER. */
  certificate: Buffer | undefined;
}

/**
 * The containers of a card, for who is about to destroy it. A card that cannot be read has none as far
 * as anybody can tell, and holds nobody up for longer than a question may take.
 */
export async function readStoredContainers(
  { addon, limits }: CardSystem,
  readerName: string,
): Promise<StoredContainer[]> {
  const system = { addon, limits: { ...limits, command: limits.query } };
  const found: StoredContainer[] = [];
  try {
    const channel = await WinscardChannel.open(system, readerName, 'asItIs');
    const connection = new GidsCardConnection(channel, noInformation);
    try {
      for (const { name, hasCertificate } of await connection.containers()) {
        const publicKey = publicKeyObject(await connection.publicKey(name));
        const certificate = hasCertificate ? await connection.certificate(name) : undefined;
        found.push({ container: name, publicKey, certificate });
      }
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (!VirtualSmartCardError.is(error)) throw error;
  }
  return found;
}

function noInformation(): Promise<never> {
  return Promise.reject(new Error('nobody asks for information about the card here'));
}
