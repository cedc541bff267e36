import type { AbortOptions } from '../../arguments.js';
import { awaitCall } from './system-call.js';
import type { CardSystem } from './winscard-channel.js';

/**
 * The container of the attestation identity key of the card in a reader; undefined when Windows names
 * none.
 *
 * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED`, `ERR_ACCESS_DENIED`, `ERR_CARD_NOT_FOUND`,
 * `ERR_TIMEOUT`, `ERR_ABORTED`, `ERR_WINDOWS`
 */
export async function attestationKeyContainer(
  { addon, limits }: CardSystem,
  readerName: string,
  { signal }: AbortOptions,
): Promise<string | undefined> {
  const container = await awaitCall(() => addon.attestationKeyContainer(readerName), {
    signal,
    timeoutMs: limits.query,
    graceMs: limits.grace,
    what: "Asking for the card's attestation key",
    purpose: 'attestationKey',
  });
  return container ?? undefined;
}
