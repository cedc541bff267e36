import { type KeyObject, randomBytes, verify } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { CardFile } from '../../lib/backend/embedded/card-file.js';
import { CardStorage } from '../../lib/backend/embedded/card-storage.js';
import { shareStore } from '../../lib/backend/embedded/open-stores.js';
import { decodeContainerMap } from '../../lib/gids/container-map.js';
import { FileId, ObjectTag } from '../../lib/gids/file-ids.js';
import {
  AdminKey,
  type VirtualSmartCard,
  type VirtualSmartCardKey,
  VirtualSmartCardManager,
} from '../../lib/index.js';
import { Tpm } from '../../lib/tpm/tpm.js';
import { openTransport } from '../../lib/tpm/tpm-address.js';
import { expectError } from './expect-error.js';
import { cardOptions, randomPin } from './store.js';

/** A card whose secrets the test knows, and its keys that were confirmed. */
export interface KnownCard {
  instanceId: string;
  pin: Buffer;
  puk: Buffer | undefined;
  adminKey: AdminKey;
  /** Public keys by container. */
  keys: Map<string, KeyObject>;
}

/** Opens a store for the length of `use`. */
export async function withManager<T>(
  stateDirectory: string,
  use: (manager: VirtualSmartCardManager) => Promise<T>,
  tpm = 'libtpms',
): Promise<T> {
  const manager = await VirtualSmartCardManager.open({
    backend: 'embedded',
    stateDirectory,
    tpm,
  });
  try {
    return await use(manager);
  } finally {
    await manager.close();
  }
}

/** Makes a card with one EC key. */
export async function makeKnownCard(
  manager: VirtualSmartCardManager,
  options: { puk?: Buffer } = {},
): Promise<KnownCard> {
  const pin = randomPin();
  const adminKey = AdminKey.random();
  const card = await manager.create(cardOptions({ pin, adminKey, ...options }));
  const { container, publicKey } = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await card.close();
  const keys = new Map([[container, publicKey]]);
  return { instanceId: card.instanceId, pin, puk: options.puk, adminKey, keys };
}

/** Every key that was confirmed is there and signs; every key that is there signs. */
export async function expectKeysWork(card: VirtualSmartCard, known: KnownCard): Promise<void> {
  const keys = await card.keys();
  const names = keys.map(({ container }) => container);
  expect(names).toEqual(expect.arrayContaining([...known.keys.keys()]));
  for (const key of keys) {
    const confirmed = known.keys.get(key.container);
    if (confirmed) expect(key.publicKey.equals(confirmed), key.container).toBe(true);
    await expectSigns(key, known.pin);
  }
  for (const certificate of await card.certificates()) {
    expect(certificate.x509.publicKey.equals(certificate.key.publicKey)).toBe(true);
  }
}

async function expectSigns(key: VirtualSmartCardKey, pin: Buffer): Promise<void> {
  const data = randomBytes(50);
  const algorithm = key.algorithm.startsWith('RSA') ? 'RSA-SHA256' : 'ECDSA-SHA256';
  const signature = await key.sign(algorithm, data, { pin });
  expect(verify('sha256', data, key.publicKey, signature), key.container).toBe(true);
}

/**
 * Which of two PINs a card has: exactly one must open it, with all tries left before.
 *
 * @param first - the one to try first, which may cost a try
 */
export async function expectOneOf(
  card: VirtualSmartCard,
  first: Buffer,
  second: Buffer,
): Promise<Buffer> {
  expect(await card.pinTries()).toEqual({ left: 5, max: 5 });
  const isFirst = await card.verifyPin(first).then(
    () => true,
    () => false,
  );
  if (isFirst) {
    await expectError(card.verifyPin(second), 'ERR_PIN_INCORRECT');
    await card.verifyPin(first);
    return first;
  }
  expect(await card.pinTries()).toEqual({ left: 4, max: 5 });
  await card.verifyPin(second);
  expect(await card.pinTries()).toEqual({ left: 5, max: 5 });
  return second;
}

/**
 * What an open store has on the disk and in the TPM: files of cards and nothing else, and in the
 * TPM the indices that those files name.
 */
export async function expectNothingLeftOver(stateDirectory: string): Promise<void> {
  const named = await namedIndexes(stateDirectory);
  const share = await shareStore(stateDirectory, {});
  try {
    const inTpm = await share.store.context.tpm.nvIndexes();
    expect(inTpm.sort()).toEqual(named.sort());
  } finally {
    await share.leave();
  }
  const names = await readdir(stateDirectory, { recursive: true });
  const files = /^(lock|store\.json|tpm(\/permall)?|cards|cards\/[0-9]{4}\.card)$/;
  expect(names.filter((name) => !files.test(name))).toEqual([]);
}

/**
 * What a killed enrolment leaves of its key is out of everybody's sight, and the next key takes its
 * place: there is never more than one on a card.
 */
export async function expectNoPileOfKeys(stateDirectory: string): Promise<void> {
  const share = await shareStore(stateDirectory, {});
  try {
    const { context } = share.store;
    for (const instance of await context.directory.instances('card')) {
      const storage = await CardStorage.load(context, instance);
      const { keys, files } = storage.record.state;
      storage.close();
      const { EVERYONE_READS_USER_WRITES } = FileId;
      const map = files.get(EVERYONE_READS_USER_WRITES)?.objects.get(ObjectTag.CMAPFILE);
      const containers = decodeContainerMap(map ?? new Uint8Array(0)).filter(Boolean);
      expect(keys.size - containers.length).toBeGreaterThanOrEqual(0);
      expect(keys.size - containers.length).toBeLessThanOrEqual(1);
    }
  } finally {
    await share.leave();
  }
}

/**
 * Before a store is opened again: each index in the TPM is one that a card's file or an intent
 * names. On a TPM that others use too, nothing else tells whose an index is.
 */
export async function expectAllIndexesRecorded(
  stateDirectory: string,
  address: string,
): Promise<void> {
  const tpm = await Tpm.open(await openTransport(address, { tpmStateDirectory: '' }));
  try {
    const recorded = await namedIndexes(stateDirectory);
    expect(recorded).toEqual(expect.arrayContaining(await tpm.nvIndexes()));
  } finally {
    await tpm.close();
  }
}

/** Indices that the files of cards name, and those of intents if there are any. */
async function namedIndexes(stateDirectory: string): Promise<number[]> {
  const cards = join(stateDirectory, 'cards');
  const indexes: number[] = [];
  for (const name of await readdir(cards)) {
    const path = join(cards, name);
    if (name.endsWith('.card')) indexes.push(...(await CardFile.read(path)).header.nvIndexes);
    if (name.endsWith('.intent')) {
      indexes.push(...(JSON.parse(await readFile(path, 'utf8')) as number[]));
    }
  }
  return indexes;
}
