import { describeType, invalidArgument } from '../errors.js';
import { openDevice } from './device-transport.js';
import { openLibtpms } from './libtpms-transport.js';
import { SwtpmTransport } from './swtpm-transport.js';
import type { TpmTransport } from './transport.js';

/** Where swtpm listens. */
export type SwtpmSocket = { path: string } | { host: string; port: number };

/** A `tpm` option, understood. `address` is its text. */
export type TpmAddress =
  | { kind: 'libtpms'; address: string }
  | { kind: 'device'; address: string; path: string }
  | { kind: 'swtpm'; address: string; socket: SwtpmSocket };

const EXPECTED =
  'libtpms, device:/dev/tpmrm0, swtpm:unix:PATH or swtpm:tcp:HOST:PORT (an IPv6 address in brackets)';
/** The longest socket path that fits into sockaddr_un on Linux. */
const MAX_UNIX_PATH = 107;

/**
 * Reads a `tpm` option.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 * @example
 * ```ts
 * parseTpmAddress('swtpm:tcp:[::1]:2321');
 * // { kind: 'swtpm', address: 'swtpm:tcp:[::1]:2321', socket: { host: '::1', port: 2321 } }
 * ```
 */
export function parseTpmAddress(address: string): TpmAddress {
  if (typeof address !== 'string') throw invalidArgument('tpm', EXPECTED, describeType(address));
  const parsed = parse(address);
  if (parsed) return parsed;
  throw invalidArgument('tpm', EXPECTED, JSON.stringify(address.slice(0, 200)));
}

/**
 * Opens the way to a TPM.
 *
 * @param options - `tpmStateDirectory`: the software TPM's directory, which exists and is locked
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_TPM_UNAVAILABLE`, `ERR_TPM_BUSY`,
 *   `ERR_LIBTPMS_NOT_FOUND`, `ERR_NATIVE_ADDON`, `ERR_STATE_CORRUPT`, `ERR_STATE_IO`
 */
export async function openTransport(
  address: string,
  options: { tpmStateDirectory?: string | undefined } = {},
): Promise<TpmTransport> {
  const parsed = parseTpmAddress(address);
  switch (parsed.kind) {
    case 'libtpms':
      if (options.tpmStateDirectory === undefined) {
        throw invalidArgument('tpmStateDirectory', 'a directory for the software TPM', 'none');
      }
      return openLibtpms(options.tpmStateDirectory);
    case 'device':
      return openDevice(parsed.path);
    case 'swtpm':
      return SwtpmTransport.open(parsed.socket, parsed.address);
  }
}

function parse(address: string): TpmAddress | undefined {
  if (address === 'libtpms') return { kind: 'libtpms', address };
  if (address.includes('\0')) return undefined;
  const device = /^device:(\/.+)$/s.exec(address)?.[1];
  if (device !== undefined) return { kind: 'device', address, path: device };
  const path = /^swtpm:unix:(.+)$/s.exec(address)?.[1];
  if (path !== undefined) {
    if (Buffer.byteLength(path) > MAX_UNIX_PATH) return undefined;
    return { kind: 'swtpm', address, socket: { path } };
  }
  const tcp = /^swtpm:tcp:(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]\s]+)):([0-9]{1,5})$/.exec(address);
  const host = tcp?.[1] ?? tcp?.[2];
  const port = Number(tcp?.[3]);
  if (host === undefined || port < 1 || port > 65535) return undefined;
  return { kind: 'swtpm', address, socket: { host, port } };
}
