import { X509Certificate } from 'node:crypto';
import type { CardConnection } from './backend/backend.js';
import { VirtualSmartCardCertificate } from './certificate.js';
import { VirtualSmartCardKey } from './key.js';

/** The keys of all containers. */
export async function loadKeys(connection: CardConnection): Promise<VirtualSmartCardKey[]> {
  const keys: VirtualSmartCardKey[] = [];
  for (const info of await connection.containers()) {
    keys.push(await VirtualSmartCardKey.load(connection, info));
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
    const key = await VirtualSmartCardKey.load(connection, info);
    certificates.push(VirtualSmartCardCertificate.create(new X509Certificate(der), key));
  }
  return certificates;
}
