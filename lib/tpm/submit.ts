import { setTimeout as delay } from 'node:timers/promises';
import { TPM_RC } from './constants.js';
import { responseCode } from './response.js';
import type { TpmTransport } from './transport.js';

/** Waits before a command is sent again, in milliseconds: doubling, about four seconds in all. */
const BACK_OFF = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048];

/** A response whose header is in order. */
export interface CheckedResponse {
  code: number;
  response: Buffer;
}

/** Sends a command once. @throws VirtualSmartCardError `ERR_TPM_RESPONSE`, `ERR_TPM_UNAVAILABLE` */
export async function submitOnce(
  transport: TpmTransport,
  command: Uint8Array,
): Promise<CheckedResponse> {
  const response = await transport.transmit(command);
  return { code: responseCode(response), response };
}

/**
 * Sends a command, and again as long as the TPM asks for that: after a power-up it may first have
 * something to do (write its NV, test an algorithm), and then it has not begun the command.
 */
export async function submit(
  transport: TpmTransport,
  command: Uint8Array,
): Promise<CheckedResponse> {
  for (const wait of BACK_OFF) {
    const checked = await submitOnce(transport, command);
    if (!isResubmitCode(checked.code)) return checked;
    if (wait > 0) await delay(wait);
  }
  return submitOnce(transport, command);
}

/** True for the codes that mean "send it again, unchanged" (Part 2, 6.6.3). */
export function isResubmitCode(code: number): boolean {
  return code === TPM_RC.RETRY || code === TPM_RC.YIELDED || code === TPM_RC.TESTING;
}
