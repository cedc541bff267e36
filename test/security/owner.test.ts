import { randomBytes, verify } from 'node:crypto';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CardFile } from '../../lib/backend/embedded/card-file.js';
import { Tpm } from '../../lib/tpm/tpm.js';
import { openTransport } from '../../lib/tpm/tpm-address.js';
import { Attacker, authOf, present, startAttackedTpm } from '../support/attacker.js';
import { expectError } from '../support/expect-error.js';
import {
  cardOptions,
  openManager,
  otherPin,
  randomPin,
  temporaryDirectory,
} from '../support/store.js';

/**
 * What somebody can do who may send any command to the TPM and has the card's files, with and
 * without the TPM's owner authorisation. Most of these end in a refusal; those that do not are the
 * limits that docs/security.md tells.
 */
async function attackedCard(overrides: Parameters<typeof cardOptions>[0] = {}) {
  const swtpm = await startAttackedTpm();
  const directory = await temporaryDirectory();
  const { pin, ...rest } = cardOptions(overrides);
  const manager = await openManager(directory, swtpm.address);
  const card = await manager.create({ pin, ...rest });
  await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await manager.close();
  const attacker = new Attacker(swtpm);
  const record = await attacker.readRecord(directory);
  return { swtpm, directory, pin, attacker, record };
}

const NOT_AVAILABLE = /0x12F/i;
const NOT_ALLOWED = /0x149/i;
const POLICY_FAILS = /0x[0-9A-F]*9D\b/i;

test('the owner cannot reset the count of a PIN index, and so gets five guesses at it', async () => {
  const { attacker, record, pin } = await attackedCard();
  const index = present(record.pin.index);
  const right = authOf(pin, record.pin).index;
  const wrong = authOf(otherPin(pin), record.pin).index;
  await attacker.guess(index, right);
  for (let number = 0; number < 5; number++) {
    await expect(attacker.guess(index, wrong)).rejects.toThrow(/0x[0-9A-F]*9A2/i);
    await expect(attacker.writeCountAsOwner(index)).rejects.toThrow(NOT_ALLOWED);
    await expect(attacker.writeCount(index)).rejects.toThrow(POLICY_FAILS);
  }
  await expect(attacker.guess(index, right)).rejects.toThrow(NOT_AVAILABLE);
});

test('a blocked PIN index answers no command that takes its PIN', async () => {
  const { swtpm, attacker, record, pin } = await attackedCard();
  const index = present(record.pin.index);
  const right = authOf(pin, record.pin).index;
  const handle = `0x${index.toString(16)}`;
  const read = () => swtpm.tool('tpm2_nvread', '-C', handle, '-P', right, '-s', '8', handle);
  const certify = () =>
    swtpm.tool(
      ...(['tpm2_nvcertify', '-C', '0x81000001', '-c', handle, '-p', right] as const),
      ...['--attestation', 'attest', '-o', 'signature', '--size', '8', handle],
    );
  await read();
  for (let number = 0; number < 5; number++) {
    await expect(attacker.guess(index, authOf(otherPin(pin), record.pin).index)).rejects.toThrow();
  }
  await expect(attacker.guess(index, right)).rejects.toThrow(NOT_AVAILABLE);
  await expect(read()).rejects.toThrow(NOT_AVAILABLE);
  await expect(certify()).rejects.toThrow();
  await expect(
    swtpm.tool('tpm2_changeauth', '-c', handle, '-p', right, 'hex:00'),
  ).rejects.toThrow();
});

test('no session can be bound to a PIN index, which would tell a right PIN without counting', async () => {
  const { swtpm, record } = await attackedCard();
  const transport = await openTransport(swtpm.address, { tpmStateDirectory: '' });
  onTestFinished(() => transport.close());
  /** TPM2_StartAuthSession without salt, bound to an entity; resolves to the response code. */
  const bindTo = async (entity: number) => {
    const command = Buffer.alloc(59);
    command.write('8001', 'hex');
    command.writeUInt32BE(command.length, 2);
    command.write('00000176' + '40000007', 6, 'hex');
    command.writeUInt32BE(entity, 14);
    command.write('0020', 18, 'hex');
    command.write('0000' + '00' + '0010' + '000b', 52, 'hex');
    return (await transport.transmit(command)).readUInt32BE(6);
  };
  expect(await bindTo(0x40000001)).toBe(0);
  expect(await bindTo(present(record.pin.index))).toBe(0x28b);
});

test('the authValue of what a PIN seals opens nothing by itself', async () => {
  const { swtpm, attacker, record, pin } = await attackedCard();
  const context = await attacker.load(present(record.pin.sealed), 'pin');
  const { object } = authOf(pin, record.pin);
  const unseal = swtpm.tool('tpm2_unseal', '-c', context, '-p', object);
  await expect(unseal).rejects.toThrow(/0x12F|0x[0-9A-F]*9D\b/i);
  await swtpm.tool('tpm2_flushcontext', '-t');
  const change = ['-C', '0x81000001', '-c', context, '-p', object, '-r', 'changed.priv', 'hex:00'];
  await expect(swtpm.tool('tpm2_changeauth', ...change)).rejects.toThrow(/0x124/);
});

test('without the owner authorisation nobody decrypts a card, not even with its files and TPM', async () => {
  const { swtpm, directory, attacker } = await attackedCard();
  await swtpm.tool('tpm2_changeauth', '-c', 'o', 'owner secret');
  const file = await CardFile.read(join(directory, 'cards', '0000.card'));
  await expect(attacker.decrypt(file)).rejects.toMatchObject({ code: 'ERR_TPM_AUTHORIZATION' });
  const handle = `0x${file.header.fileSecretIndex.toString(16)}`;
  const read = (...as: string[]) => swtpm.tool('tpm2_nvread', ...as, '-s', '32', handle);
  await read('-C', 'o', '-P', 'owner secret');
  await expect(read('-C', 'o')).rejects.toThrow(/0x[0-9A-F]*9A2/i);
  // By the authorisation of the index itself, which is empty.
  await expect(read('-C', handle)).rejects.toThrow(NOT_AVAILABLE);
});

test('LIMIT: the owner opens a card without PUK, PIN unknown', async () => {
  const { swtpm, attacker, record } = await attackedCard();
  const context = await attacker.load(present(record.adminAuthorization), 'admin');
  await swtpm.tool('tpm2_unseal', '-c', context, '-o', 'authorization');
  expect(await swtpm.file('authorization')).toHaveLength(32);
});

test('LIMIT: who decrypted the file before the block and owns the TPM opens it with the right PIN', async () => {
  const { swtpm, directory, attacker, record, pin } = await attackedCard({ puk: randomPin(10) });
  const manager = await openManager(directory, swtpm.address);
  const card = await manager.card();
  for (let number = 0; number < 5; number++) {
    await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
  }
  await expectError(card.verifyPin(pin), 'ERR_PIN_BLOCKED');
  await manager.close();
  const context = await attacker.load(present(record.pin.sealed), 'pin');
  const auth = authOf(pin, record.pin);
  await attacker.redefine(present(record.pin.index), auth.index);
  expect(await attacker.unseal(record.pin, context, auth)).toHaveLength(32);
});

test('LIMIT: who once learned A and has the key blob signs after the card was destroyed', async () => {
  const spy = vi.spyOn(Tpm.prototype, 'createKey');
  onTestFinished(() => spy.mockRestore());
  let authorization = Buffer.alloc(0);
  spy.mockImplementation(async function (this: Tpm, algorithm, authValue) {
    authorization = Buffer.from(authValue);
    spy.mockRestore();
    return this.createKey(algorithm, authValue);
  });
  const { swtpm, directory, attacker, record } = await attackedCard();
  const manager = await openManager(directory, swtpm.address);
  const { publicKey } = await (await manager.card()).key();
  await manager.destroy('0000');
  await manager.close();

  const blob = Buffer.from(present([...record.state.keys.values()][0]?.keyPair).blob);
  const publicSize = blob.readUInt16BE(0);
  const context = await attacker.load(
    {
      publicArea: blob.subarray(2, 2 + publicSize),
      privateArea: blob.subarray(4 + publicSize),
    },
    'key',
  );
  const data = randomBytes(50);
  await writeFile(join(swtpm.directory, 'data'), data);
  const auth = `hex:${authorization.toString('hex')}`;
  const how = ['-g', 'sha256', '-s', 'ecdsa', '-f', 'plain'];
  await swtpm.tool('tpm2_sign', '-c', context, '-p', auth, ...how, '-o', 'signature', 'data');
  const signature = await swtpm.file('signature');
  expect(verify('sha256', data, publicKey, signature)).toBe(true);
});

test('an older copy of a card file brings no deleted key back', async () => {
  const { swtpm, directory, pin } = await attackedCard();
  const cards = join(directory, 'cards');
  const copy = await temporaryDirectory();
  await cp(cards, copy, { recursive: true });
  const manager = await openManager(directory, swtpm.address);
  const card = await manager.card();
  await (await card.key()).delete({ pin });
  await manager.close();
  await cp(copy, cards, { recursive: true });
  const rolledBack = await openManager(directory, swtpm.address);
  await expectError(rolledBack.card(), 'ERR_CARD_LOST');
});
