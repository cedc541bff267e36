import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { loadNative, type NativeTransport } from '../../lib/native.js';

/** The addon as `npm run build:native` makes it. */
export const ADDON = fileURLToPath(
  new URL('../../build/Release/virtual_smartcard.node', import.meta.url),
);

/** Runs a program to its end; rejects when it fails. */
export const run = promisify(execFile);

/** Path of a script that tests run as a process or a thread of its own. */
export function child(name: string): string {
  return fileURLToPath(new URL(`./children/${name}`, import.meta.url));
}

/** Waits until the process says "ready"; rejects when it ends before. */
export function ready(process: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout?.on('data', (text: Buffer) => {
      if (text.toString().includes('ready')) resolve();
    });
    process.on('exit', (code, signal) => reject(new Error(`It ended with ${code ?? signal}.`)));
  });
}

/** A directory for one test, removed after it. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'virtual-smartcard-native-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export const STARTUP = Buffer.from('80010000000c000001440000', 'hex');
export const GET_RANDOM = Buffer.from('80010000000c0000017b0010', 'hex');

/** TPM2_CreatePrimary of an RSA-2048 storage parent under the null hierarchy: some 10 ms or more. */
export const CREATE_PRIMARY_RSA = Buffer.from(
  '8002000000430000013140000007000000094000000900000000000004000000000' +
    '01a0001000b00030472000000060080004300100800000000000000000000000000',
  'hex',
);

export const SUCCESS = '00000000';

/** The response code of a TPM response, in hexadecimal. */
export function codeOf(response: Buffer): string {
  return response.toString('hex', 6, 10);
}

/** TPM2_DictionaryAttackParameters: writes to NV, with a value that tells runs apart. */
export function setRecoveryTime(seconds: number): Buffer {
  const command = Buffer.from(
    '8002000000270000013a4000000a000000094000000900000000000000002000000258',
    'hex',
  );
  const value = Buffer.alloc(4);
  value.writeUInt32BE(seconds);
  return Buffer.concat([command, value]);
}

/** TPM2_GetCapability(TPM_PT_LOCKOUT_RECOVERY): the response ends with the value. */
export const GET_RECOVERY_TIME = Buffer.from('8001000000160000017a000000060000021100000001', 'hex');

/** Runs the software TPM in a directory, started, while `use` runs. */
export async function withTpm<T>(
  directory: string,
  use: (tpm: NativeTransport) => Promise<T>,
): Promise<T> {
  const tpm = await loadNative().openLibtpms(directory);
  try {
    expect(codeOf(await tpm.transmit(STARTUP))).toBe(SUCCESS);
    return await use(tpm);
  } finally {
    await tpm.close();
  }
}

/** What setRecoveryTime last set. */
export async function recoveryTime(tpm: NativeTransport): Promise<number> {
  const response = await tpm.transmit(GET_RECOVERY_TIME);
  expect(codeOf(response)).toBe(SUCCESS);
  return response.readUInt32BE(response.length - 4);
}
