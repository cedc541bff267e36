import { beforeEach, describe, expect, it } from 'vitest';
import type { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import type { CardState } from '../../../lib/gids/card-state.js';
import { withContainer } from '../../../lib/gids/container-map.js';
import { withKey } from '../../../lib/gids/key-map.js';
import { certificateFor, expectSigns, TestCard } from '../../support/gids-card.js';

let card: TestCard;
let connection: GidsCardConnection;
const withPin = () => ({ pin: card.pin });
const ec = (name: string) => ({ name, algorithm: 'EC-P256', keySpec: 'signature' }) as const;

beforeEach(async () => {
  card = new TestCard();
  connection = card.connection();
  await connection.createContainer(ec('first'), withPin());
});

/** Changes the card's files as another host may have left them. */
function edit(fileId: number, tag: number, content: Uint8Array | undefined): void {
  const state: CardState = card.vault.state;
  const file = state.files.get(fileId);
  if (!file) throw new Error('no such file');
  const objects = new Map(file.objects);
  if (content) objects.set(tag, content);
  else objects.delete(tag);
  card.vault.state = { ...state, files: new Map(state.files).set(fileId, { ...file, objects }) };
}

function objectOf(fileId: number, tag: number): Buffer {
  return Buffer.from(card.vault.state.files.get(fileId)?.objects.get(tag) ?? []);
}

describe('a card that another host has set up', () => {
  it('needs no keymap: the key itself tells what it is', async () => {
    edit(0xa000, 0xdf20, undefined);
    expect(await connection.containers()).toMatchObject([{ name: 'first', algorithm: 'EC-P256' }]);
    await expectSigns(connection, 'first', card.pin);
    await connection.createContainer(ec('second'), withPin());
    await expectSigns(connection, 'first', card.pin);
    await expectSigns(connection, 'second', card.pin);
  });

  it('may give a container any key reference, which a new one then does not take', async () => {
    const key = card.vault.state.keys.get(0x81);
    if (!key) throw new Error('no key');
    card.vault.state = { ...card.vault.state, keys: new Map([[0x82, key]]) };
    const record = { algorithm: 0x0c, usage: 'sign', keyReference: 0x82 } as const;
    edit(0xa000, 0xdf20, withKey(Buffer.alloc(0), 0, record));
    await expectSigns(connection, 'first', card.pin);
    await connection.createContainer(ec('second'), withPin());
    expect(card.keyReferences.sort()).toEqual([0x81, 0x82]);
    await expectSigns(connection, 'first', card.pin);
    await expectSigns(connection, 'second', card.pin);
    await connection.deleteContainer('first', withPin());
    expect(card.keyReferences).toEqual([0x81]);
    await expectSigns(connection, 'second', card.pin);
  });

  it('may have left a key under a strange reference, which is then replaced', async () => {
    const key = card.vault.state.keys.get(0x81);
    if (!key) throw new Error('no key');
    card.vault.state = { ...card.vault.state, keys: new Map([[0x90, key]]) };
    const record = { algorithm: 0x0c, usage: 'sign', keyReference: 0x90 } as const;
    edit(0xa000, 0xdf20, withKey(Buffer.alloc(0), 0, record));
    edit(0xa010, 0xdf23, Buffer.alloc(86));
    await connection.createContainer(ec('new'), withPin());
    expect(card.keyReferences).toEqual([0x90]);
    await expectSigns(connection, 'new', card.pin);
  });

  it('needs no counters: then the containers are read each time', async () => {
    edit(0xa010, 0xdf22, undefined);
    await expectSigns(connection, 'first', card.pin);
    const other = card.connection();
    await other.deleteContainer('first', withPin());
    edit(0xa010, 0xdf22, undefined);
    await other.createContainer(ec('first'), withPin());
    edit(0xa010, 0xdf22, undefined);
    await expectSigns(connection, 'first', card.pin);
  });

  it('may hold a certificate that is not compressed', async () => {
    const certificate = certificateFor(await connection.publicKey('first'), 'plain');
    await connection.storeCertificate('first', certificate, withPin());
    edit(0xa010, 0xdf24, certificate);
    expect(await connection.certificate('first')).toEqual(certificate);
  });

  it('may hold containers without a key, and with keys of a kind that we have no name for', async () => {
    await connection.createContainer(ec('empty'), withPin());
    await connection.createContainer(ec('strange'), withPin());
    const keys = new Map(card.vault.state.keys);
    keys.delete(0x82);
    card.vault.state = { ...card.vault.state, keys };
    const keyMap = withKey(objectOf(0xa000, 0xdf20), 1, undefined);
    const strange = { algorithm: 0x09, usage: 'sign', keyReference: 0x83 } as const;
    edit(0xa000, 0xdf20, withKey(keyMap, 2, strange));
    expect((await connection.containers()).map(({ name }) => name)).toEqual(['first']);
    await expectSigns(connection, 'first', card.pin);
    for (const name of ['empty', 'strange']) {
      await expect(connection.createContainer(ec(name), withPin())).rejects.toMatchObject({
        code: 'ERR_CONTAINER_EXISTS',
      });
      await connection.deleteContainer(name, withPin());
    }
    expect(card.keyReferences).toEqual([0x81]);
  });

  it('may have several containers of one name, each of which is reached', async () => {
    await connection.createContainer(ec('second'), withPin());
    const keys = await Promise.all(['first', 'second'].map((name) => connection.publicKey(name)));
    const record = { name: 'FIRST', isDefault: false, signatureBits: 256, keyExchangeBits: 0 };
    edit(0xa010, 0xdf23, withContainer(objectOf(0xa010, 0xdf23), 1, record));
    edit(0xa010, 0xdf22, Buffer.from('010001000100', 'hex'));
    const names = ['first', 'FIRST (1)'];
    expect((await connection.containers()).map(({ name }) => name)).toEqual(names);
    expect(await Promise.all(names.map((name) => connection.publicKey(name)))).toEqual(keys);
    for (const name of names) await expectSigns(connection, name, card.pin);
    const again = connection.createContainer(ec('first (1)'), withPin());
    await expect(again).rejects.toMatchObject({ code: 'ERR_CONTAINER_EXISTS' });
    await connection.setDefaultContainer('FIRST (1)', withPin());
    await connection.deleteContainer('first', withPin());
    expect(await connection.containers()).toMatchObject([{ name: 'FIRST', isDefault: true }]);
    expect(await connection.publicKey('FIRST')).toEqual(keys[1]);
  });

  it('is not changed where its files are damaged', async () => {
    const damaged: [number, number][] = [
      [0xa010, 0xdf23],
      [0xa000, 0xdf20],
      [0xa000, 0xdf1f],
    ];
    for (const [fileId, tag] of damaged) {
      const whole = objectOf(fileId, tag);
      edit(fileId, tag, whole.subarray(0, -1));
      const before = card.vault.state;
      await expect(connection.createContainer(ec('new'), withPin())).rejects.toMatchObject({
        code: 'ERR_CARD_RESPONSE',
      });
      expect(card.vault.state).toBe(before);
      edit(fileId, tag, whole);
    }
    await expectSigns(connection, 'first', card.pin);
  });
});
