import { X509Certificate } from 'node:crypto';
import type { CardConnection, ContainerInfo } from './backend/backend.js';
import { VirtualSmartCardCertificate } from './certificate.js';
import { VirtualSmartCardError } from './errors.js';
import { VirtualSmartCardKey } from './key.js';

/** The keys of all containers. */
export async function loadKeys(connection: CardConnection): Promise<VirtualSmartCardKey[]> {
  const keys: VirtualSmartCardKey[] = [];
  for (const info of await connection.containers()) {
    const key = await keyIfAny(connection, info);
    if (key) keys.push(key);
  }
  return keys;
}

/** The certificates of all containers that hold one, each with its key. */
export async function loadCertificates(
  connection: CardConnection,
): Promise<VirtualSmartCardCertificate[]> {
  const certificates: VirtualSmartCardCertificate[] = [];
  for (const info of await connection.containers()) {
    const der = info.hasCertificate ? await connection.certificate(info.name) : undefined;
    if (!der) continue;
    const key = await keyIfAny(connection, info);
    if (key) certificates.push(VirtualSmartCardCertificate.create(new X509Certificate(der), key));
  }
  return certificates;
}

/**
 * undefined where there is none: another program was interrupted between container and key, or has
 * deleted both by now.
 */
async function keyIfAny(
  connection: CardConnection,
  info: ContainerInfo,
): Promise<VirtualSmartCardKey | undefined> {
  try {
    return await VirtualSmartCardKey.load(connection, info);
  } catch (error) {
    if (!VirtualSmartCardError.is(error, 'ERR_CONTAINER_NOT_FOUND')) throw error;
    return undefined;
  }
}
