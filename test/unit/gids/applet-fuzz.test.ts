import { serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import type { CardState } from '../../../lib/gids/card-state.js';
import {
  type AppletCard,
  apdu,
  appletCard,
  bytes,
  createKeyFile,
  hex,
  login,
} from '../../support/applet-card.js';
import { count } from '../../support/counts.js';
import { SeededRandom } from '../../support/random.js';

/** Good commands of every kind, from which the fuzzer makes bad ones. None carries a right secret. */
const SEEDS = [
  '00A4040009A0000003974254465900',
  '00A4000C02A010',
  '00A4000C023FFF',
  '00A4000002B08100',
  '00CB3FFF045C027F7100',
  '00CBA010045C02DF2300',
  '00CBA010025C0000',
  '00CB3FFF0A7008840181A5037F498000',
  '00C0000000',
  '00200080083132333435363738',
  '00200080',
  '00200082',
  '002401800831323334353637 38',
  '00240080103132333435363738 3837363534333231',
  '002C0280083132333435363738',
  '002C0080103132333435363738 3132333435363738',
  '0022C1A403830180',
  '00870000147C128110000102030405060708090A0B0C0D0E0F00',
  `008700002C7C2A8228${'00'.repeat(40)}00`,
  '00870000047C02810000',
  '008700000C7C0A8208000000000000000000',
  `00DB3FFF267024840180A51F8718${'00'.repeat(24)}8803000000`,
  '00E000000E620C8201398302A0158C03033000',
  '00440000',
  '00DBA01005DF24021234',
  '10DBA01005DF24820100',
  '00DBA01003DF2400',
  '0047000008AC0680010C830181',
  '00DB3FFF0E700C840181A507830102840100870 0',
  '002241B60680011C840181',
  '002241B606800157840182',
  `002A9E9A20${'5A'.repeat(32)}00`,
  '002241B806800147840182',
  `002A8086${'80'}${'01'.repeat(128)}00`,
  '00E40000',
  '00E4000002B081',
].map((seed) => bytes(seed));

function mutate(random: SeededRandom, seed: Buffer): Buffer {
  let mutant: Buffer = Buffer.from(seed);
  for (let rounds = random.below(3) + 1; rounds > 0; rounds--) {
    const at = random.below(mutant.length + 1);
    switch (random.below(7)) {
      case 0:
        mutant = Buffer.concat([mutant.subarray(0, at), random.bytes(random.below(9))]);
        break;
      case 1:
        mutant = Buffer.concat([mutant.subarray(0, at), random.bytes(1), mutant.subarray(at)]);
        break;
      case 2:
        mutant = Buffer.concat([mutant.subarray(0, at), mutant.subarray(at + 1)]);
        break;
      case 3:
        mutant = withLength(Buffer.concat([mutant, random.bytes(random.below(40))]));
        break;
      case 4:
        if (mutant.length > 0) mutant[0] = (mutant[0] ?? 0) ^ 0x10;
        break;
      default:
        if (at < mutant.length) mutant[at] = random.below(256);
    }
  }
  return mutant;
}

/** The command with Lc made to fit, so that what is wrong lies deeper. */
function withLength(command: Buffer): Buffer {
  if (command.length > 5 && command.length <= 260) command[4] = command.length - 5;
  return command;
}

/** A card with an ECC and an RSA key, to which nobody is logged in. */
async function lockedCard(): Promise<AppletCard> {
  const card = appletCard();
  await login(card);
  expect(await card.send(createKeyFile(0x81, 0x0c, { decrypt: [], sign: [0x10] }))).toBe('9000');
  expect(await card.send('00440000')).toBe('9000');
  expect((await card.send('0047000008AC0680010C83018100')).slice(-4)).toBe('9000');
  const rsa = createKeyFile(0x82, 0x06, { decrypt: [0x00, 0x40, 0x80], sign: [0x10, 0x50] });
  expect(await card.send(rsa)).toBe('9000');
  expect(await card.send('00440000')).toBe('9000');
  expect((await card.send('0047000008AC0680010683018200')).slice(-4)).toBe('9000');
  await card.applet.reset();
  return card;
}

function isProper(response: Buffer): boolean {
  if (response.length < 2) return false;
  const [sw1, sw2] = [response[response.length - 2] ?? 0, response[response.length - 1] ?? 0];
  if (sw1 === 0x90) return sw2 === 0x00;
  const isError = sw1 > 0x61 && sw1 < 0x6f && response.length === 2;
  return sw1 === 0x61 || isError;
}

describe('rubbish', () => {
  it('gets a proper answer, uses no key and changes nothing without the PIN', async () => {
    const seed = 0x61d5;
    const random = new SeededRandom(seed);
    const card = await lockedCard();
    const other = card.connect();
    const uses = card.vault.keyUses;
    const { state } = card.vault;
    const stored = hex(serialize(state));
    const answers = new Map<string, number>();
    for (let round = 0; round < count(50_000, 2_000_000); round++) {
      const command = mutate(random, random.pick(SEEDS));
      const channel = random.below(4) === 0 ? other : card.applet;
      const response = await channel.transmit(command);
      if (!isProper(response)) {
        throw new Error(`seed ${seed}, round ${round}: ${hex(command)} got ${hex(response)}`);
      }
      const failure = channel.takeFailure();
      if (failure !== undefined) {
        const cause = { cause: failure };
        throw new Error(`seed ${seed}, round ${round}: ${hex(command)} failed inside`, cause);
      }
      const statusWord = hex(response.subarray(-2));
      answers.set(statusWord, (answers.get(statusWord) ?? 0) + 1);
    }
    expect(card.vault.keyUses).toBe(uses);
    expect(card.vault.openAuthorizations).toBe(0);
    expect(card.vault.state).toBe(state);
    expect(hex(serialize(card.vault.state))).toBe(stored);
    // The fuzzer reaches behind the length checks: most kinds of refusal were met.
    for (const met of ['9000', '6700', '6982', '6983', '6984', '6985', '6A80', '6A82', '6A86']) {
      expect([met, answers.has(met)]).toEqual([met, true]);
    }
  });

  it('with the PIN verified gets proper answers, and changes no state in place', async () => {
    const seed = 0x0c4a;
    const random = new SeededRandom(seed);
    let signatures = 0;
    for (let cards = 0; cards < count(40, 2_000); cards++) {
      const card = await lockedCard();
      const states: [CardState, string][] = [];
      const uses = card.vault.keyUses;
      for (let round = 0; round < 500; round++) {
        if (round % 10 === 0) await card.send(apdu('00200080', card.pin));
        const before = card.vault.state;
        if (round % 50 === 0) states.push([before, hex(serialize(before))]);
        const command = mutate(random, random.pick(SEEDS));
        const response = await card.applet.transmit(command);
        if (!isProper(response)) {
          throw new Error(`seed ${seed}, card ${cards}: ${hex(command)} got ${hex(response)}`);
        }
        const isRefused = /6[2-9A-F]..$/.test(hex(response.subarray(-2)));
        if (isRefused) expect(card.vault.state).toBe(before);
      }
      for (const [state, stored] of states) expect(hex(serialize(state))).toBe(stored);
      signatures += card.vault.keyUses - uses;
    }
    expect(signatures).toBeGreaterThan(0);
  });

  it('of any length is answered', async () => {
    const random = new SeededRandom(0xbeef);
    const card = await lockedCard();
    for (let length = 0; length < 600; length++) {
      const response = await card.applet.transmit(random.bytes(length));
      expect(isProper(response)).toBe(true);
    }
    for (const length of [65535, 65536, 65544, 65545, 200_000]) {
      const command = Buffer.alloc(length, 0xd5);
      bytes('00DBA01000FFFF').copy(command);
      const response = await card.applet.transmit(command);
      expect(hex(response)).toMatch(/^(6700|6A80)$/);
    }
  });
});
