import { expect, onTestFinished, test } from 'vitest';
import { AdminKey, type AdminKeyRecord } from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { MemoryBackend } from '../face/memory-backend.js';

function newManager() {
  const backend = new MemoryBackend();
  const manager = backend.manager();
  onTestFinished(() => manager.close());
  return { backend, manager };
}

const CARD = { name: 'Card', pin: '12345678' };

test('the hook is waited for before the card is made, and its key is wiped after it', async () => {
  const { backend, manager } = newManager();
  const adminKey = AdminKey.random();
  let given: AdminKeyRecord | undefined;
  let cardsThen: number | undefined;
  const escrow = async (record: AdminKeyRecord) => {
    await new Promise(setImmediate);
    given = record;
    cardsThen = backend.cards.size;
    expect(record.adminKey.exportHex()).toBe(adminKey.exportHex());
  };
  await manager.create({ ...CARD, adminKey, escrow });
  expect([cardsThen, backend.cards.size]).toEqual([0, 1]);
  expect(given?.kcv).toBe(adminKey.kcv);
  expect(() => given?.adminKey.exportHex()).toThrow(/disposed/);
});

test('an abort ends the wait; a hook that ends later has its key until then', async () => {
  const { backend, manager } = newManager();
  const stop = new AbortController();
  const { signal } = stop;
  let finish: () => void = () => undefined;
  let record: AdminKeyRecord | undefined;
  const escrow = (given: AdminKeyRecord) => {
    record = given;
    setImmediate(() => stop.abort('enough'));
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  };
  await expectError(manager.create({ ...CARD, escrow, signal }), 'ERR_ABORTED');
  expect(backend.requests).toEqual([]);
  expect(record?.signal?.aborted).toBe(true);
  expect(record?.adminKey.kcv).toBe(record?.kcv);
  finish();
  await new Promise(setImmediate);
  expect(() => record?.adminKey.kcv).toThrow(/disposed/);
});

test('nothing is stored for a card that would not be made', async () => {
  const { manager } = newManager();
  const stored: string[] = [];
  const escrow = ({ kcv }: AdminKeyRecord) => {
    stored.push(kcv);
  };
  const masterKey = new Uint8Array(8);
  await expectError(manager.create({ ...CARD, pin: '1', escrow }), 'ERR_PIN_POLICY');
  await expectError(
    manager.create({ ...CARD, escrow, nextAdminKey: { masterKey } }),
    'ERR_INVALID_ARGUMENT',
    { parameter: 'masterKey' },
  );
  await expectError(manager.create(CARD), 'ERR_INVALID_ARGUMENT', { parameter: 'adminKey' });
  const { signal } = new AbortController();
  const aborted = AbortSignal.abort();
  await expectError(manager.create({ ...CARD, escrow, signal: aborted }), 'ERR_ABORTED');
  expect(stored).toEqual([]);
  await manager.create({ ...CARD, escrow, signal });
  expect(stored).toHaveLength(1);
});

test('what the caller does to the master key while it is waited for changes nothing', async () => {
  const { manager } = newManager();
  const masterKey = new Uint8Array(32).fill(9);
  const expected = AdminKey.derive(masterKey, 'one').kcv;
  const kcvs: string[] = [];
  const escrow = async ({ kcv }: AdminKeyRecord) => {
    masterKey.fill(0);
    kcvs.push(kcv);
  };
  const nextAdminKey = { masterKey, diversifier: 'one' };
  const card = await manager.create({ ...CARD, escrow, nextAdminKey });
  expect(kcvs[1]).toBe(expected);
  await card.verifyAdminKey(AdminKey.derive(new Uint8Array(32).fill(9), 'one'));
});
