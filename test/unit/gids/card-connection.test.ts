import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import {
  certificateFor,
  expectSigns,
  RecordingChannel,
  randomPin,
  TestCard,
} from '../../support/gids-card.js';

let card: TestCard;
let connection: GidsCardConnection;
const withPin = () => ({ pin: card.pin });
const ec = (name: string) => ({ name, algorithm: 'EC-P256', keySpec: 'signature' }) as const;
const rsa = (name: string) => ({ name, algorithm: 'RSA-1024', keySpec: 'keyExchange' }) as const;

beforeEach(() => {
  card = new TestCard();
  connection = card.connection();
});

function code(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

describe('containers on a card', () => {
  it('are created, listed and deleted', async () => {
    expect(await connection.containers()).toEqual([]);
    const first = await connection.createContainer(rsa('First'), withPin());
    const second = await connection.createContainer(ec('Second'), withPin());
    expect(first).toEqual({
      name: 'First',
      index: 0,
      isDefault: true,
      keySpec: 'keyExchange',
      algorithm: 'RSA-1024',
      hasCertificate: false,
    });
    expect(second).toEqual({
      name: 'Second',
      index: 1,
      isDefault: false,
      keySpec: 'signature',
      algorithm: 'EC-P256',
      hasCertificate: false,
    });
    expect(await card.connection().containers()).toEqual([first, second]);
    await connection.deleteContainer('first', withPin());
    expect(await connection.containers()).toEqual([{ ...second, isDefault: true }]);
    expect(card.keyReferences).toEqual([0x82]);
    const third = await connection.createContainer(ec('Third'), withPin());
    expect(third).toMatchObject({ index: 0, isDefault: false });
  });

  it('write the files that other hosts read', async () => {
    await connection.createContainer(rsa('Gemeinsam'), withPin());
    const files = card.vault.state.files;
    const hex = (file: number, tag: number) =>
      Buffer.from(files.get(file)?.objects.get(tag) ?? []).toString('hex');
    const name = Buffer.from('Gemeinsam', 'utf16le').toString('hex').padEnd(160, '0');
    expect(hex(0xa010, 0xdf23)).toBe(`${name}030000000004`);
    expect(hex(0xa000, 0xdf20)).toBe('01010000000' + '69a81b0ffff0000');
    expect(hex(0xa010, 0xdf22)).toBe('000001000100');
    expect(Buffer.from(card.vault.state.keys.get(0x81)?.accessRules ?? []).toString('hex')).toBe(
      '8f10101000',
    );
  });

  it('send what Windows was seen to send for a new RSA key', async () => {
    const recording = new RecordingChannel(card.channel());
    const recorded = card.connection(recording);
    await recorded.createContainer({ ...rsa('Key'), algorithm: 'RSA-1024' }, withPin());
    expect(recording.commands).toContain(
      '00e0000049624782011883' +
        '02b0818c058f10101000a537b80980010683018' +
        '1950140b809800186830181950140b809800146830181950140b609800116830181950140b609800156830181950140',
    );
    expect(recording.commands).toContain('00440000');
    expect(recording.commands).toContain('0047000008ac0680010683018100');
    expect(recording.commands).toContain('00cb3fff0a7008840181a5037f498000');
  });

  it('refuse a name that exists, whatever its case, and names that are none', async () => {
    await connection.createContainer(ec('Name'), withPin());
    await expect(connection.createContainer(ec('NAME'), withPin())).rejects.toMatchObject({
      code: 'ERR_CONTAINER_EXISTS',
    });
    await expect(connection.createContainer(ec(''), withPin())).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      parameter: 'name',
    });
    expect(card.keyReferences).toEqual([0x81]);
  });

  it('are at most 30', async () => {
    await connection.verifyPin(card.pin);
    for (let at = 0; at < 30; at++) await connection.createContainer(ec(`c${at}`), {});
    await expect(connection.createContainer(ec('more'), {})).rejects.toMatchObject({
      code: 'ERR_CONTAINER_LIMIT',
    });
    expect((await connection.containers()).length).toBe(30);
    await expectSigns(connection, 'c29', card.pin);
    await connection.deleteContainer('c7', {});
    expect(await connection.createContainer(ec('again'), {})).toMatchObject({ index: 7 });
  });

  it('have one default, which can be chosen', async () => {
    await connection.createContainer(ec('a'), withPin());
    await connection.createContainer(ec('b'), withPin());
    await connection.setDefaultContainer('B', withPin());
    const defaults = (await connection.containers()).map(({ name, isDefault }) => [
      name,
      isDefault,
    ]);
    expect(defaults).toEqual([
      ['a', false],
      ['b', true],
    ]);
    await expect(connection.setDefaultContainer('c', withPin())).rejects.toMatchObject({
      code: 'ERR_CONTAINER_NOT_FOUND',
    });
  });

  it('leave nothing behind when the card cannot make the key', async () => {
    const before = card.vault.state;
    await expect(
      connection.createContainer({ ...rsa('Big'), algorithm: 'RSA-3072' }, withPin()),
    ).rejects.toMatchObject({ code: 'ERR_ALGORITHM_NOT_SUPPORTED' });
    expect(card.vault.state).toEqual(before);
  });

  it('leave nothing behind when the call is aborted at any step', async () => {
    const before = card.vault.state;
    let steps = 0;
    for (let at = 1; ; at++) {
      const controller = new AbortController();
      const channel = card.channel();
      steps = 0;
      const aborting = card.connection({
        transmit(command) {
          if (++steps === at) controller.abort(new Error('enough'));
          return channel.transmit(command);
        },
        reset: () => channel.reset(),
        close: () => channel.close(),
      });
      const options = { pin: card.pin, signal: controller.signal };
      const outcome = await aborting.createContainer(ec('Aborted'), options).then(
        () => 'made',
        (error) => code(error),
      );
      if (!controller.signal.aborted) break;
      if (outcome === 'made') {
        await connection.deleteContainer('Aborted', withPin());
      } else {
        expect(outcome).toBe('ERR_ABORTED');
        expect(await connection.containers()).toEqual([]);
      }
      expect(card.keyReferences).toEqual([]);
    }
    expect(steps).toBeGreaterThan(10);
    expect(card.vault.state.files.get(0xa010)?.objects.get(0xdf24)).toBe(
      before.files.get(0xa010)?.objects.get(0xdf24),
    );
  });
});

describe('two connections to one card', () => {
  it('see what the other changes, and never use a key made anew for the old one', async () => {
    const other = card.connection();
    await connection.createContainer(ec('Shared'), withPin());
    await expectSigns(other, 'Shared', card.pin);
    const old = await other.publicKey('Shared');
    await connection.deleteContainer('Shared', withPin());
    await connection.createContainer(ec('Between'), withPin());
    await connection.createContainer(ec('Shared'), withPin());
    await expectSigns(other, 'Shared', card.pin);
    expect(await other.publicKey('Shared')).not.toEqual(old);
    await connection.deleteContainer('Shared', withPin());
    const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
    await expect(
      other.signDigest('Shared', scheme, randomBytes(32), withPin()),
    ).rejects.toMatchObject({ code: 'ERR_CONTAINER_NOT_FOUND' });
  });

  it('have each its own PIN state', async () => {
    const other = card.connection();
    await connection.verifyPin(card.pin);
    await expect(other.createContainer(ec('x'), {})).rejects.toMatchObject({
      code: 'ERR_PIN_REQUIRED',
    });
    await connection.createContainer(ec('x'), {});
  });

  it('do not disturb each other when both change the card at once', async () => {
    const other = card.connection();
    const certificates = new Map<string, Buffer>();
    const fill = async (by: GidsCardConnection, prefix: string) => {
      for (let at = 0; at < 6; at++) {
        const name = `${prefix}${at}`;
        await by.createContainer(ec(name), withPin());
        const certificate = certificateFor(await by.publicKey(name), name);
        certificates.set(name, certificate);
        await by.storeCertificate(name, certificate, withPin());
        if (at % 3 === 2) await by.deleteContainer(`${prefix}${at - 1}`, withPin());
      }
    };
    await Promise.all([fill(connection, 'a'), fill(other, 'b')]);
    const containers = await connection.containers();
    expect(containers.map(({ name }) => name).sort()).toEqual([
      'a0',
      'a2',
      'a3',
      'a5',
      'b0',
      'b2',
      'b3',
      'b5',
    ]);
    for (const { name } of containers) {
      await expectSigns(other, name, card.pin);
      expect(await connection.certificate(name)).toEqual(certificates.get(name));
    }
    expect(card.keyReferences.length).toBe(8);
  });

  it('are logged out both when one changes the PIN', async () => {
    const other = card.connection();
    await other.createContainer(ec('x'), withPin());
    await other.verifyPin(card.pin);
    const newPin = randomPin(6);
    await connection.changePin(card.pin, newPin);
    const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
    for (let time = 0; time < 2; time++) {
      await expect(other.signDigest('x', scheme, randomBytes(32), {})).rejects.toMatchObject({
        code: 'ERR_PIN_REQUIRED',
      });
    }
    await other.signDigest('x', scheme, randomBytes(32), { pin: newPin });
  });
});

describe('a connection', () => {
  it('carries overlapping calls out whole and in order', async () => {
    await connection.createContainer(ec('x'), withPin());
    const recording = new RecordingChannel(card.channel());
    const recorded = card.connection(recording);
    const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
    await recorded.publicKey('x');
    recording.takeHeaders();
    await Promise.all(
      Array.from({ length: 20 }, () =>
        recorded.signDigest('x', scheme, randomBytes(32), withPin()),
      ),
    );
    const one = ['00cba010', '00200080', '002241b6', '002a9e9a', '00200082'];
    expect(recording.takeHeaders()).toEqual(Array.from({ length: 20 }, () => one).flat());
  });

  it('refuses calls after close, and ends those before it', async () => {
    const before = connection.createContainer(ec('x'), withPin());
    const closing = connection.close();
    const after = connection.containers();
    await expect(after).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(await before).toMatchObject({ name: 'x' });
    await closing;
    await connection.close();
    expect(card.vault.openAuthorizations).toBe(0);
  });

  it('says so when the card has no file system', async () => {
    const blank = new TestCard({ state: { activated: true, files: new Map(), keys: new Map() } });
    await expect(blank.connection().containers()).rejects.toMatchObject({
      code: 'ERR_CARD_NOT_INITIALIZED',
    });
  });
});
