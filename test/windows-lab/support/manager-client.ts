import { execFile } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { ManagerMethod } from './lab.js';

const execute = promisify(execFile);

export interface ManagerRequest {
  method: ManagerMethod;
  arguments: Record<string, unknown>;
  /** The status at which the callback returns E_ABORT. */
  abortAt?: number;
}

export interface ManagerAnswer {
  result: number;
  instanceId: string | null;
  needReboot: boolean;
  progress: number[];
  errors: number[];
}

/** Lets com/client carry the requests out, which is not this library. */
export async function callManager(...requests: ManagerRequest[]): Promise<ManagerAnswer[]> {
  const running = execute('manager_client.exe');
  running.child.stdin?.end(JSON.stringify(requests));
  return JSON.parse((await running).stdout);
}

/** Arguments with which a card can be created by the first of the three methods. */
export function createArguments(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const adminKey = randomBytes(24);
  return {
    friendlyName: 'Lab card',
    adminAlgorithmId: 0x82,
    adminKey: adminKey.toString('base64'),
    adminKcv: keyCheckValue(adminKey).toString('base64'),
    puk: null,
    pin: Buffer.from('12345678').toString('base64'),
    generate: true,
    ...changes,
  };
}

export function keyCheckValue(adminKey: Buffer): Buffer {
  const cipher = createCipheriv('des-ede3', adminKey, null).setAutoPadding(false);
  return cipher.update(Buffer.alloc(8)).subarray(0, 3);
}

/** The 32 bytes of [MS-TPMVSC] 2.2.2.1, of eight numbers. */
export function policyBytes(...numbers: number[]): string {
  const bytes = Buffer.alloc(32);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number, index * 4);
  return bytes.toString('base64');
}
