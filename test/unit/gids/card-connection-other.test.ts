import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadKeys } from '../../../lib/card-contents.js';
import type { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import { GidsClient } from '../../../lib/gids/client.js';
import { expectSigns, randomPin, TestCard } from '../../support/gids-card.js';
import { OtherCardChannel } from '../../support/other-card.js';

let card: TestCard;
let channel: OtherCardChannel;
let connection: GidsCardConnection;
const ec = (name: string) => ({ name, algorithm: 'EC-P256', keySpec: 'signature' }) as const;
const withPin = () => ({ pin: card.pin });

beforeEach(() => {
  card = new TestCard();
  channel = new OtherCardChannel(card.channel(), () => card.vault.pinLength, 1000);
  connection = card.connection(channel);
});

describe('a GIDS card of another maker', () => {
  it('breaks an import off: nothing is left of it, and the log-in goes on', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const der = privateKey.export({ type: 'pkcs8', format: 'der' });
    await connection.verifyPin(card.pin);
    const spec = { name: 'too long', privateKey: der, keySpec: 'signature' } as const;
    await expect(connection.importContainer(spec, {})).rejects.toMatchObject({
      code: 'ERR_STATE_IO',
      statusWord: 0x6a84,
    });
    expect(card.keyReferences).toEqual([]);
    await connection.createContainer(ec('next'), {});
    await expectSigns(connection, 'next', card.pin);
  });

  it('has a key file that a creation left which was cut short: it is made anew', async () => {
    const client = new GidsClient(channel);
    await client.verifyPin(card.pin);
    await client.keys.createFile({ reference: 0x81, algorithm: 0x0c }, 'sign');
    await connection.createContainer(ec('mine'), withPin());
    expect(card.keyReferences).toEqual([0x81]);
    await expectSigns(connection, 'mine', card.pin);
  });

  it('has containers whose key was never made, which hide none of the others', async () => {
    for (const name of ['no key', 'no file', 'whole']) {
      await connection.createContainer(ec(name), withPin());
    }
    const keys = new Map(card.vault.state.keys);
    const file = keys.get(0x81);
    if (!file) throw new Error('no key file');
    keys.set(0x81, { ...file, keyPair: undefined });
    keys.delete(0x82);
    card.vault.state = { ...card.vault.state, keys };
    expect((await loadKeys(connection)).map(({ container }) => container)).toEqual(['whole']);
    for (const name of ['no key', 'no file']) {
      await expect(connection.publicKey(name)).rejects.toMatchObject({
        code: 'ERR_CONTAINER_NOT_FOUND',
      });
      await connection.deleteContainer(name, withPin());
    }
    expect(card.keyReferences).toEqual([0x83]);
    await expectSigns(connection, 'whole', card.pin);
  });

  it.each([
    ['6700', 17],
    ['63C5', 25],
  ])('says of a new PIN that is too long for it: %s', async (statusWord, length) => {
    await expect(connection.changePin(card.pin, randomPin(length))).rejects.toMatchObject({
      code: 'ERR_PIN_POLICY',
      statusWord: Number.parseInt(statusWord, 16),
    });
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
    await connection.changePin(card.pin, randomPin(16));
  });

  it('knows no PUK', async () => {
    const unblocking = connection.unblockWithPuk(randomPin(8), randomPin(8));
    await expect(unblocking).rejects.toMatchObject({ code: 'ERR_PUK_NOT_SET' });
    await connection.verifyPin(card.pin);
  });

  it('counts an old PIN that is wrong, which is no matter of the new one', async () => {
    await expect(connection.changePin(randomPin(7), randomPin(8))).rejects.toMatchObject({
      code: 'ERR_PIN_INCORRECT',
      triesLeft: 4,
    });
    await expect(
      new GidsClient(channel).changePin(randomPin(7), randomPin(8)),
    ).rejects.toMatchObject({
      code: 'ERR_PIN_INCORRECT',
      triesLeft: 3,
    });
  });
});
