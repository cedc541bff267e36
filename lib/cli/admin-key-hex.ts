import { AdminKey } from '../index.js';
import { allocateSecret, wipe } from '../secret.js';

const DIGITS = '0123456789abcdef';
const KEY_LENGTH = 24;

/** What is wrong with an admin key as it was typed, if something is. */
export function adminKeyProblem(typed: Uint8Array): string | undefined {
  const good = typed.length === 2 * KEY_LENGTH && isHex(typed);
  return good ? undefined : 'it must be 48 hexadecimal digits';
}

/** The key of 48 typed digits that {@link adminKeyProblem} found nothing wrong with. */
export function adminKeyFromHex(typed: Uint8Array): AdminKey {
  const bytes = bytesFromHex(typed);
  try {
    return AdminKey.fromBytes(bytes);
  } finally {
    wipe(bytes);
  }
}

/** What is wrong with a master key as it was typed, if something is. */
export function masterKeyProblem(typed: Uint8Array): string | undefined {
  const good = typed.length >= 64 && typed.length % 2 === 0 && isHex(typed);
  return good ? undefined : 'it must be 64 hexadecimal digits, or more of them';
}

/** The bytes of digits, in memory that the caller wipes. */
export function bytesFromHex(typed: Uint8Array): Buffer {
  const bytes = allocateSecret(typed.length >> 1);
  for (const at of bytes.keys()) {
    bytes[at] = (digitOf(typed[2 * at] ?? 0) << 4) | digitOf(typed[2 * at + 1] ?? 0);
  }
  return bytes;
}

/** The key as a line of 48 digits, in memory that the caller wipes. */
export function hexLine(key: AdminKey): Buffer {
  const bytes = key.exportBytes();
  const line = allocateSecret(2 * KEY_LENGTH + 1);
  for (const [at, byte] of bytes.entries()) {
    line[2 * at] = DIGITS.charCodeAt(byte >> 4);
    line[2 * at + 1] = DIGITS.charCodeAt(byte & 15);
  }
  line[2 * KEY_LENGTH] = 0x0a;
  wipe(bytes);
  return line;
}

function isHex(typed: Uint8Array): boolean {
  return typed.every((byte) => digitOf(byte) >= 0);
}

function digitOf(byte: number): number {
  return DIGITS.indexOf(String.fromCharCode(byte).toLowerCase());
}
