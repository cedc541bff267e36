import { randomBytes, randomInt } from 'node:crypto';
import { expect } from 'vitest';
import { GidsApplet } from '../../lib/gids/applet.js';
import type { CardState } from '../../lib/gids/card-state.js';
import type { ApduChannel } from '../../lib/gids/channel.js';
import { generateFileSystem } from '../../lib/gids/files.js';
import { encodeTlv } from '../../lib/gids/tlv.js';
import { encryptTripleDes } from '../../lib/gids/triple-des.js';
import { Turns } from '../../lib/turns.js';
import { MemoryVault, type MemoryVaultOptions } from './memory-vault.js';

/** An applet on a software vault, with its secrets, for tests that speak APDUs. */
export interface AppletCard {
  vault: MemoryVault;
  turns: Turns;
  applet: GidsApplet;
  pin: Buffer;
  puk: Buffer;
  adminKey: Buffer;
  /** Sends the hexadecimal APDU (spaces allowed) and gives the answer as upper-case hexadecimal. */
  send(command: string): Promise<string>;
  /** A further channel to the same card. */
  connect(): GidsApplet;
}

/** A random PIN of digits. */
export function randomPin(length = 8): Buffer {
  return Buffer.from(Array.from({ length }, () => String(randomInt(10))).join(''));
}

/** A card that is `blank`, or with the files of a generated card; `puk` sets whether it has one. */
export function appletCard(
  options: { blank?: boolean; puk?: boolean } & Partial<Omit<MemoryVaultOptions, 'puk'>> = {},
): AppletCard {
  const { blank = false, puk: hasPuk = false, ...vaultOptions } = options;
  const pin = randomPin();
  const puk = randomPin(10);
  const adminKey = randomBytes(24);
  const state: { state?: CardState } = blank ? {} : { state: generateFileSystem(randomBytes(16)) };
  const secrets = { pin, adminKey, ...(hasPuk && { puk }) };
  const vault = new MemoryVault({ ...secrets, ...state, ...vaultOptions });
  const turns = new Turns();
  const applet = new GidsApplet(vault, turns);
  const connect = () => new GidsApplet(vault, turns);
  const send = (command: string) => sendTo(applet, command);
  return { vault, turns, applet, pin, puk, adminKey, send, connect };
}

/** Sends a hexadecimal APDU on a channel and gives the answer as upper-case hexadecimal. */
export async function sendTo(channel: ApduChannel, command: string): Promise<string> {
  return hex(await channel.transmit(bytes(command)));
}

/** Upper-case hexadecimal digits. */
export function hex(value: Uint8Array): string {
  return Buffer.from(value).toString('hex').toUpperCase();
}

/** Bytes from hexadecimal digits with spaces between them. */
export function bytes(digits: string): Buffer {
  const packed = digits.replace(/\s/g, '');
  const value = Buffer.from(packed, 'hex');
  if (value.length * 2 !== packed.length) throw new Error(`not hexadecimal: ${digits}`);
  return value;
}

/** A short APDU with a data field, its length put in. `le` is two hexadecimal digits. */
export function apdu(header: string, data: Uint8Array | string, le = ''): string {
  const field = typeof data === 'string' ? bytes(data) : data;
  if (field.length === 0 || field.length > 255) throw new Error('not a short data field');
  return `${header}${hex(Uint8Array.of(field.length))}${hex(field)}${le}`;
}

/** Verifies the card's PIN on its first channel. */
export async function login(card: AppletCard): Promise<void> {
  expect(await card.send(apdu('00200080', card.pin))).toBe('9000');
}

/** External authentication by the card's admin key on its first channel. */
export async function authenticateAdmin(card: AppletCard): Promise<void> {
  expect(await card.send('002281A403830180')).toBe('9000');
  const challenge = await card.send('00870000047C02810000');
  expect(challenge).toMatch(/^7C0A8108[0-9A-F]{16}9000$/);
  const response = encryptTripleDes(card.adminKey, bytes(challenge.slice(8, 24)));
  expect(await card.send(`008700000C7C0A8208${hex(response)}`)).toBe('9000');
}

/**
 * CREATE FILE of a key file with Windows' rules.
 *
 * @param operations - operation bits for which it gets templates: B8 decryption, B6 signature
 */
export function createKeyFile(
  keyReference: number,
  algorithm: number,
  operations: { decrypt: number[]; sign: number[] },
): string {
  const template = (tag: number) => (operation: number) =>
    encodeTlv(
      tag,
      encodeTlv(0x80, Uint8Array.of(algorithm | operation)),
      encodeTlv(0x83, Uint8Array.of(keyReference)),
      encodeTlv(0x95, Uint8Array.of(0x40)),
    );
  const { decrypt, sign } = operations;
  const file = encodeTlv(
    0x62,
    encodeTlv(0x82, Uint8Array.of(0x18)),
    encodeTlv(0x83, Uint8Array.of(0xb0, keyReference)),
    encodeTlv(0x8c, bytes('8F10101000')),
    encodeTlv(0xa5, ...decrypt.map(template(0xb8)), ...sign.map(template(0xb6))),
  );
  return apdu('00E00000', file);
}

/** Sends data of any length by command chaining in blocks; gives the last answer. */
export async function sendChained(
  channel: ApduChannel,
  header: string,
  data: Uint8Array,
  { block = 255, le = '' } = {},
): Promise<string> {
  let offset = 0;
  for (; data.length - offset > block; offset += block) {
    const part = apdu(`10${header}`, data.subarray(offset, offset + block));
    const answer = await sendTo(channel, part);
    if (answer !== '9000') return answer;
  }
  return sendTo(channel, apdu(`00${header}`, data.subarray(offset), le));
}

/** Fetches what waits (61xx) and gives the whole answer. */
export async function fetchAll(channel: ApduChannel, first: string): Promise<string> {
  let data = '';
  let answer = first;
  while (answer.slice(-4).startsWith('61')) {
    data += answer.slice(0, -4);
    answer = await sendTo(channel, `00C00000${answer.slice(-2)}`);
  }
  return data + answer;
}
