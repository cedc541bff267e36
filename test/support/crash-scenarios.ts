import { createPublicKey, randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { AdminKey, type VirtualSmartCard, type VirtualSmartCardManager } from '../../lib/index.js';
import type { ChildEvent, CrashJob } from './crash-child.js';
import { expectKeysWork, expectOneOf, type KnownCard, makeKnownCard } from './crash-store.js';
import { expectError } from './expect-error.js';
import { otherPin, randomPin } from './store.js';

const INF = readFileSync(new URL('../../examples/request.inf', import.meta.url), 'utf8');
const REQUEST_INF = INF.replace(/RequestType = .*/, 'RequestType = PKCS10');

/** Whether a killed operation took place. */
export type Outcome = 'old' | 'new';

type Task = Omit<CrashJob, 'stateDirectory' | 'tpm'>;

/** An operation that is killed again and again on one store. */
export interface Scenario {
  /** Brings the store to where the operation can be done, and says what the child shall do. */
  prepare(manager: VirtualSmartCardManager): Promise<Task>;
  /** Expects the old or the new state, whole, and says which it is. */
  settle(manager: VirtualSmartCardManager, events: readonly ChildEvent[]): Promise<Outcome>;
}

/** All operations, by the name under which they are reported. */
export const scenarios: Record<string, () => Scenario> = {
  create,
  enroll: () => enrolment('enroll'),
  'request a certificate': () => enrolment('createRequest'),
  'change PIN': changePin,
  'delete key': deleteKey,
  destroy,
  'unblock by admin key': unblockByAdminKey,
  'unblock by PUK': unblockByPuk,
  'block by the 5th wrong PIN': block,
};

function create(): Scenario {
  let known: KnownCard;
  let others: string[];
  return {
    async prepare(manager) {
      others = await instanceIds(manager);
      // Every second card has a PUK: one more index and one more sealing.
      const puk = randomInt(2) === 0 ? randomPin(12) : undefined;
      const [pin, adminKey] = [randomPin(), AdminKey.random()];
      known = { instanceId: '', pin, puk, adminKey, keys: new Map() };
      const name = `Card ${randomBytes(4).toString('hex')}`;
      const secrets = { pin: hex(pin), adminKey: adminKey.exportHex() };
      return { operation: 'create', name, ...secrets, ...(puk ? { puk: hex(puk) } : {}) };
    },
    async settle(manager) {
      const made = (await instanceIds(manager)).filter((id) => !others.includes(id));
      const [instanceId] = made;
      if (!instanceId) return 'old';
      expect(made).toHaveLength(1);
      const card = await manager.card(instanceId);
      // A card that is there is whole: every secret works, and a key can be made.
      expect(await card.pinTries()).toEqual({ left: 5, max: 5 });
      await card.verifyAdminKey(known.adminKey);
      await card.createKey({ algorithm: 'EC-P256' }, { pin: known.pin });
      await expectKeysWork(card, known);
      if (known.puk) {
        const newPin = randomPin();
        await card.unblock({ puk: known.puk, newPin });
        await card.verifyPin(newPin);
      }
      await manager.destroy(instanceId);
      return 'new';
    },
  };
}

/**
 * A key with its certificate, or with its request. Beside it are a key of its own and one that waits for
 * a CA's answer since before, which nothing may take away.
 */
function enrolment(operation: 'enroll' | 'createRequest'): Scenario {
  const known = new Subject();
  let before: Set<string>;
  return {
    async prepare(manager) {
      const { instanceId, pin, keys } = await known.ensure(manager);
      const { card } = await known.open(manager);
      if (!keys.has('waiting')) {
        const request = await card.createRequest(
          { subject: { CN: 'Waiting' }, container: 'waiting', algorithm: 'EC-P256' },
          { pin },
        );
        keys.set('waiting', request.key.publicKey);
      }
      before = new Set((await card.containers()).map(({ name }) => name));
      await card.close();
      const inf = operation === 'enroll' ? INF : REQUEST_INF;
      return { operation, instanceId, pin: hex(pin), inf };
    },
    async settle(manager, events) {
      const { card, keys, pin } = await known.open(manager);
      for (const event of events) {
        if (event.event !== 'key') continue;
        const key = Buffer.from(event.publicKey, 'base64');
        keys.set(event.container, createPublicKey({ key, type: 'spki', format: 'der' }));
      }
      await expectKeysWork(card, known.card);
      const containers = await card.containers();
      const made = containers.filter(({ name }) => !before.has(name));
      // One at most; and a key that is there without having been confirmed is whole, too.
      expect(made.length).toBeLessThanOrEqual(1);
      for (const { hasCertificate } of made) expect(hasCertificate).toBe(operation === 'enroll');
      // A few confirmed keys stay from round to round; all others make room.
      for (const { name } of containers.slice(4)) {
        await card.deleteKey(name, { pin });
        keys.delete(name);
      }
      return made.length > 0 ? 'new' : 'old';
    },
  };
}

function changePin(): Scenario {
  const known = new Subject();
  let newPin: Buffer;
  return {
    async prepare(manager) {
      const { instanceId, pin } = await known.ensure(manager);
      newPin = otherPin(pin);
      return { operation: 'changePin', instanceId, pin: hex(pin), newPin: hex(newPin) };
    },
    async settle(manager) {
      const { card } = await known.open(manager);
      return known.adoptOneOf(card, newPin);
    },
  };
}

function deleteKey(): Scenario {
  const known = new Subject();
  const container = 'doomed';
  return {
    async prepare(manager) {
      const { instanceId, pin, keys } = await known.ensure(manager);
      if (!keys.has(container)) {
        const { card } = await known.open(manager);
        const key = await card.createKey({ container, algorithm: 'EC-P256' }, { pin });
        keys.set(container, key.publicKey);
        await card.close();
      }
      return { operation: 'deleteKey', instanceId, pin: hex(pin), container };
    },
    async settle(manager) {
      const { card, keys } = await known.open(manager);
      const isThere = (await card.containers()).some(({ name }) => name === container);
      if (!isThere) keys.delete(container);
      await expectKeysWork(card, known.card);
      return isThere ? 'old' : 'new';
    },
  };
}

function destroy(): Scenario {
  const known = new Subject();
  return {
    async prepare(manager) {
      const { instanceId } = await known.ensure(manager);
      return { operation: 'destroy', instanceId };
    },
    async settle(manager) {
      const { instanceId } = known.card;
      if (!(await instanceIds(manager)).includes(instanceId)) {
        known.forget();
        return 'new';
      }
      const card = await manager.card(instanceId);
      expect(await card.pinTries()).toEqual({ left: 5, max: 5 });
      await expectKeysWork(card, known.card);
      return 'old';
    },
  };
}

function unblockByAdminKey(): Scenario {
  const known = new Subject();
  let newPin: Buffer;
  return {
    async prepare(manager) {
      const { instanceId, pin, adminKey } = await known.ensure(manager);
      await known.failUntil(manager, 0);
      newPin = otherPin(pin);
      const secrets = { adminKey: adminKey.exportHex(), newPin: hex(newPin) };
      return { operation: 'unblockByAdminKey', instanceId, ...secrets };
    },
    settle: (manager) => known.settleUnblocking(manager, newPin),
  };
}

function unblockByPuk(): Scenario {
  const known = new Subject({ puk: randomPin(12) });
  let newPin: Buffer;
  return {
    async prepare(manager) {
      const { instanceId, pin, puk } = await known.ensure(manager);
      await known.failUntil(manager, 0);
      newPin = otherPin(pin);
      const secrets = { puk: hex(puk ?? Buffer.alloc(0)), newPin: hex(newPin) };
      return { operation: 'unblockByPuk', instanceId, ...secrets };
    },
    async settle(manager) {
      const outcome = await known.settleUnblocking(manager, newPin);
      const { card } = await known.open(manager);
      expect(await card.pukTries()).toEqual({ left: 5, max: 5 });
      return outcome;
    },
  };
}

function block(): Scenario {
  const known = new Subject();
  return {
    async prepare(manager) {
      const { instanceId, pin } = await known.ensure(manager);
      await known.failUntil(manager, 1);
      return { operation: 'verifyPin', instanceId, pin: hex(otherPin(pin)) };
    },
    async settle(manager) {
      const { card, pin, adminKey } = await known.open(manager);
      const { left } = await card.pinTries();
      expect([0, 1]).toContain(left);
      if (left === 0) {
        await expectError(card.verifyPin(pin), 'ERR_PIN_BLOCKED');
        await card.unblock({ adminKey, newPin: pin });
      }
      await card.verifyPin(pin);
      await expectKeysWork(card, known.card);
      return left === 0 ? 'new' : 'old';
    },
  };
}

/** The card that an operation works on, made when there is none. */
class Subject {
  readonly #options: { puk?: Buffer };
  #card: KnownCard | undefined;

  constructor(options: { puk?: Buffer } = {}) {
    this.#options = options;
  }

  get card(): KnownCard {
    if (!this.#card) throw new Error('there is no card yet');
    return this.#card;
  }

  async ensure(manager: VirtualSmartCardManager): Promise<KnownCard> {
    this.#card ??= await makeKnownCard(manager, this.#options);
    return this.#card;
  }

  forget(): void {
    this.#card = undefined;
  }

  async open(manager: VirtualSmartCardManager): Promise<KnownCard & { card: VirtualSmartCard }> {
    return { ...this.card, card: await manager.card(this.card.instanceId) };
  }

  /** Gives wrong PINs until that many tries are left. */
  async failUntil(manager: VirtualSmartCardManager, left: number): Promise<void> {
    const { card, pin } = await this.open(manager);
    while ((await card.pinTries()).left > left) {
      await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
    }
    await card.close();
  }

  /** The card has its old or the new PIN. */
  async adoptOneOf(card: VirtualSmartCard, newPin: Buffer): Promise<Outcome> {
    const old = this.card.pin;
    const order: [Buffer, Buffer] = randomInt(2) === 0 ? [old, newPin] : [newPin, old];
    this.card.pin = await expectOneOf(card, ...order);
    await expectKeysWork(card, this.card);
    return this.card.pin === newPin ? 'new' : 'old';
  }

  /** The card is still blocked, or has the new PIN and no other. */
  async settleUnblocking(manager: VirtualSmartCardManager, newPin: Buffer): Promise<Outcome> {
    const { card } = await this.open(manager);
    if ((await card.pinTries()).left === 0) {
      await expectError(card.verifyPin(this.card.pin), 'ERR_PIN_BLOCKED');
      await expectError(card.verifyPin(newPin), 'ERR_PIN_BLOCKED');
      return 'old';
    }
    expect(await this.adoptOneOf(card, newPin)).toBe('new');
    return 'new';
  }
}

async function instanceIds(manager: VirtualSmartCardManager): Promise<string[]> {
  return (await manager.list()).map(({ instanceId }) => instanceId);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
