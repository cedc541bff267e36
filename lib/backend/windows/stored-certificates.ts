import { VirtualSmartCardError } from '../../errors.js';
import { GidsCardConnection } from '../../gids/card-connection.js';
import type { ContainerCertificate } from './user-certificates.js';
import { type CardSystem, WinscardChannel } from './winscard-channel.js';

/**
 * The certificates that a card holds, for who is about to destroy it. A card that cannot be read has
 * none as far as anybody can tell, and holds nobody up for longer than a question may take.
 */
export async function readStoredCertificates(
  { addon, limits }: CardSystem,
  readerName: string,
): Promise<ContainerCertificate[]> {
  const system = { addon, limits: { ...limits, command: limits.query } };
  const found: ContainerCertificate[] = [];
  try {
    const channel = await WinscardChannel.open(system, readerName, 'asItIs');
    const connection = new GidsCardConnection(channel, noInformation);
    try {
      for (const { name, hasCertificate } of await connection.containers()) {
        const certificate = hasCertificate ? await connection.certificate(name) : undefined;
        if (certificate) found.push({ certificate, container: name });
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
