import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

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
