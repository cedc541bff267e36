import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  AdminKey,
  type CreateOptions,
  VirtualSmartCardError,
  VirtualSmartCardManager,
} from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { temporaryDirectory } from '../../support/store.js';
import { makeCard, randomDigits } from './card-fixture.js';
import { MemoryBackend } from './memory-backend.js';

function options(more: Partial<CreateOptions> = {}): CreateOptions {
  return { name: 'A card', pin: randomDigits(), adminKey: AdminKey.random(), ...more };
}

describe('open', () => {
  test('says that the windows backend is not there yet, and what to do', async () => {
    const error = await expectError(
      VirtualSmartCardManager.open({ backend: 'windows' }),
      'ERR_NOT_SUPPORTED',
    );
    expect(error.message).toContain("backend: 'embedded'");
  });

  test('refuses another machine for the embedded backend', async () => {
    const error = await expectError(
      VirtualSmartCardManager.open({ backend: 'embedded', machine: 'elsewhere' }),
      'ERR_NOT_SUPPORTED',
    );
    expect(error.parameter).toBe('machine');
  });

  test('refuses a store of certificates for the embedded backend, and a word that is none', async () => {
    const refused = await expectError(
      VirtualSmartCardManager.open({ backend: 'embedded', certificateStore: 'currentUser' }),
      'ERR_NOT_SUPPORTED',
    );
    expect(refused.parameter).toBe('certificateStore');
    const wrong = await expectError(
      VirtualSmartCardManager.open({ certificateStore: 'localMachine' as 'none' }),
      'ERR_INVALID_ARGUMENT',
    );
    expect(wrong.parameter).toBe('certificateStore');
  });

  test('takes the embedded backend at its word that it puts certificates nowhere', async () => {
    await using manager = await VirtualSmartCardManager.open({
      ...{ backend: 'embedded', certificateStore: 'none', tpm: 'libtpms' },
      stateDirectory: await temporaryDirectory(),
    } as const);
    expect(await manager.list()).toEqual([]);
  });
});

describe('create', () => {
  test('hands the defaults and copies of the secrets to the backend', async () => {
    const backend = new MemoryBackend();
    await using manager = backend.manager();
    const pin = Buffer.from(randomDigits());
    const card = await manager.create(options({ pin }));
    expect(card.instanceId).toBe('ROOT\\SMARTCARDREADER\\0000');
    expect(card.name).toBe('A card');
    const [request] = backend.requests;
    expect(request).toMatchObject({
      generate: true,
      allowKeyImport: false,
      antiHammering: 'block',
      puk: undefined,
      pinPolicy: { minLength: 8, maxLength: 127 },
    });
    expect(backend.pins[0]?.equals(pin)).toBe(true);
  });

  test('wipes its copies and leaves the bytes of the caller alone', async () => {
    const backend = new MemoryBackend();
    await using manager = backend.manager();
    const pin = Buffer.from(randomDigits());
    const puk = Buffer.from(randomDigits());
    const before = Buffer.concat([pin, puk]);
    await manager.create(options({ pin, puk }));
    expect(Buffer.concat([pin, puk]).equals(before)).toBe(true);
    const [request] = backend.requests;
    for (const secret of [request?.pin, request?.puk, request?.adminKey]) {
      expect(secret?.every((byte) => byte === 0)).toBe(true);
    }
  });

  test('is not touched by what the caller does to the secrets afterwards', async () => {
    const backend = new MemoryBackend();
    await using manager = backend.manager();
    const pin = Buffer.from(randomDigits());
    const right = Buffer.from(pin);
    const adminKey = AdminKey.random();
    const sameKey = adminKey.clone();
    const creating = manager.create(options({ pin, adminKey }));
    pin.fill(0x39);
    adminKey.dispose();
    const card = await creating;
    await card.verifyPin(right);
    await card.verifyAdminKey(sameKey);
    expect((await card.pinTries()).left).toBe(5);
  });

  test('refuses a PIN that breaks the policy without telling the PIN, before anything is made', async () => {
    const backend = new MemoryBackend();
    await using manager = backend.manager();
    const pin = 'Zq7';
    const pinPolicy = { minLength: 4, digits: 'disallowed' } as const;
    const error = await expectError(manager.create(options({ pin, pinPolicy })), 'ERR_PIN_POLICY');
    expect(error.message).toContain('shorter than 4 bytes');
    expect(error.message).toContain('must not contain digits');
    expect(JSON.stringify(error)).not.toContain(pin);
    expect(backend.requests).toEqual([]);
  });

  test('takes a PIN of four where the policy allows it, and refuses it by default', async () => {
    await using manager = new MemoryBackend().manager();
    const pin = randomDigits(4);
    await expectError(manager.create(options({ pin })), 'ERR_PIN_POLICY');
    const card = await manager.create(options({ pin, pinPolicy: { minLength: 4 } }));
    await card.verifyPin(pin);
    expect(await manager.list()).toHaveLength(1);
  });

  test('leaves no card behind when the new card cannot be opened', async () => {
    const backend = new MemoryBackend();
    await using manager = backend.manager();
    const failure = new Error('no connection');
    backend.connectFailure = failure;
    await expect(manager.create(options())).rejects.toBe(failure);
    expect(backend.requests).toHaveLength(1);
    expect(await manager.list()).toEqual([]);
  });

  test('says so when that card cannot be destroyed either', async () => {
    const backend = new MemoryBackend();
    await using manager = backend.manager();
    const failure = new VirtualSmartCardError('ERR_STATE_IO', 'The disk is full.');
    backend.connectFailure = failure;
    backend.destroy = async () => {
      throw new Error('still full');
    };
    const error = await expectError(manager.create(options()), 'ERR_STATE_IO');
    expect(error.cause).toBe(failure);
    expect(error.message).toContain('ROOT\\SMARTCARDREADER\\0000 is still there');
    expect(error.message).toContain('still full');
  });

  test('stops for a signal that has fired before anything is made', async () => {
    const backend = new MemoryBackend();
    await using manager = backend.manager();
    const reason = new Error('changed my mind');
    const signal = AbortSignal.abort(reason);
    const error = await expectError(manager.create(options({ signal })), 'ERR_ABORTED');
    expect(error.cause).toBe(reason);
    expect(backend.requests).toEqual([]);
  });

  test('reports progress, and stops with the error that onProgress throws', async () => {
    await using manager = new MemoryBackend().manager();
    const codes: number[] = [];
    await manager.create(options({ onProgress: ({ code }) => codes.push(code) }));
    expect(codes).toEqual([0, 12]);

    for (const stopAt of codes) {
      const mine = new Error(`stop at ${stopAt}`);
      const onProgress = ({ code }: { code: number }) => {
        if (code === stopAt) throw mine;
      };
      await expect(manager.create(options({ onProgress }))).rejects.toBe(mine);
      expect(await manager.list()).toHaveLength(1);
    }
  });
});

describe('finding cards', () => {
  test('without an id opens the only card, and no other number of cards', async () => {
    await using manager = new MemoryBackend().manager();
    await expectError(manager.card(), 'ERR_CARD_NOT_FOUND');
    const first = await manager.create(options({ name: 'First' }));
    const found = await manager.card();
    expect(found.instanceId).toBe(first.instanceId);
    const second = await manager.create(options({ name: 'Second' }));
    const error = await expectError(manager.card(), 'ERR_CARD_AMBIGUOUS');
    expect(error.instanceIds).toEqual([first.instanceId, second.instanceId]);
    for (const text of [first.instanceId, 'First', second.instanceId, 'Second']) {
      expect(error.message).toContain(text);
    }
  });

  test('takes an instance id in every form', async () => {
    const { manager, card } = await makeCard();
    for (const id of [card.instanceId, 'root/smartcardreader/0000', '0000']) {
      expect((await manager.card(id)).instanceId).toBe(card.instanceId);
      expect((await manager.info(id)).name).toBe('Test card');
    }
  });

  test('names the cards there are when an id is unknown', async () => {
    const { manager } = await makeCard();
    const error = await expectError(manager.info('0007'), 'ERR_CARD_NOT_FOUND');
    expect(error.message).toContain('ROOT\\SMARTCARDREADER\\0000 ("Test card")');
    await expectError(manager.card('0007'), 'ERR_CARD_NOT_FOUND');
    await expectError(manager.destroy('0007'), 'ERR_CARD_NOT_FOUND');
  });

  test('gives every opening of a card a PIN state of its own', async () => {
    const { manager, card, pin } = await makeCard();
    const other = await manager.card(card.instanceId);
    const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
    const sameKey = await other.key();
    await card.verifyPin(pin);
    await key.sign('ECDSA-SHA256', 'data');
    await expectError(sameKey.sign('ECDSA-SHA256', 'data'), 'ERR_PIN_REQUIRED');
  });
});

describe('destroy and close', () => {
  test('destroy removes the card and closes what was opened of it', async () => {
    const { backend, manager, card } = await makeCard();
    await manager.card();
    await manager.destroy('0000');
    expect(await manager.list()).toEqual([]);
    expect(backend.openConnections).toBe(0);
    await expectError(card.info(), 'ERR_CLOSED');
  });

  test('a destroy that is aborted leaves the card as it was', async () => {
    const { manager, card, withPin } = await makeCard();
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const { signal } = controller;
    await expectError(manager.destroy(card.instanceId, { onProgress, signal }), 'ERR_ABORTED');
    await card.createKey({ algorithm: 'EC-P256' }, withPin);
    expect(await manager.list()).toHaveLength(1);
  });

  test('close closes the cards and the backend, once', async () => {
    const { backend, manager, card } = await makeCard();
    await manager.card();
    await Promise.all([manager.close(), manager.close()]);
    await manager.close();
    expect(backend.closed).toBe(1);
    expect(backend.openConnections).toBe(0);
    await expectError(card.keys(), 'ERR_CLOSED');
    for (const call of [
      () => manager.create(options()),
      () => manager.list(),
      () => manager.info('0000'),
      () => manager.card(),
      () => manager.card('0000'),
      () => manager.destroy('0000'),
      () => manager.tpmStatus(),
      () => manager.resetTpmLockout({ lockoutAuthorization: '' }),
    ]) {
      await expectError(call(), 'ERR_CLOSED');
    }
  });

  test('await using closes manager and card', async () => {
    const backend = new MemoryBackend();
    {
      await using manager = backend.manager();
      await using card = await manager.create(options());
      expect(card.instanceId).toBeDefined();
      expect(backend.openConnections).toBe(1);
    }
    expect(backend.openConnections).toBe(0);
    expect(backend.closed).toBe(1);
  });
});

test('resetTpmLockout hands over a copy of the authorisation, an empty one too', async () => {
  const backend = new MemoryBackend();
  await using manager = backend.manager();
  await manager.resetTpmLockout({ lockoutAuthorization: '' });
  expect(backend.lockoutAuthorization?.length).toBe(0);
  const lockoutAuthorization = randomBytes(20);
  await manager.resetTpmLockout({ lockoutAuthorization });
  expect(backend.lockoutAuthorization?.equals(lockoutAuthorization)).toBe(true);
  expect((await manager.tpmStatus()).address).toBe('memory');
});
