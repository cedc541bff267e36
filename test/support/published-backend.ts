import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Backend, CreateRequest, LongCallOptions } from '../../lib/backend/backend.js';
import { openEmbeddedBackend } from '../../lib/backend/embedded/embedded-backend.js';
import { openPcscBackend } from '../../lib/backend/pcsc/pcsc-backend.js';
import { readerInstanceId } from '../../lib/backend/pcsc/reader-id.js';
import { VirtualSmartCardManager } from '../../lib/index.js';
import { instanceNumber } from '../../lib/instance-id.js';
import { checkedPublishOptions } from '../../lib/pcsc/publish-options.js';
import { startPublication } from '../../lib/pcsc/start-publication.js';
import { Pcscd } from './pcscd.js';

/** The pcscd of the test that runs, which has one however many managers it opens. */
let running: Promise<Pcscd> | undefined;

/** A manager over such a backend, closed when the test ends. */
export async function openPublishedManager(
  stateDirectory: string,
): Promise<VirtualSmartCardManager> {
  running ??= Pcscd.start();
  onTestFinished(() => {
    running = undefined;
  });
  const { directory } = (await running).places;
  const backend = await openPublishedBackend(stateDirectory, directory);
  const manager = VirtualSmartCardManager.over(backend);
  onTestFinished(() => manager.close());
  return manager;
}

/**
 * Cards that the embedded backend makes and destroys, and that are used in pcscd's readers only: what
 * the behaviour suite says of a card is tried over PC/SC.
 */
async function openPublishedBackend(stateDirectory: string, readers: string): Promise<Backend> {
  const embedded = await openEmbeddedBackend({
    stateDirectory,
    tpm: 'libtpms',
    ownerAuthorization: undefined,
  });
  const publication = await startPublication(
    embedded,
    checkedPublishOptions({ directory: readers }),
  );
  const pcsc = await openPcscBackend();
  for (const { instanceId } of await embedded.list()) await inserted(pcsc, instanceId);
  const idOf = new Map<string, string>();
  return {
    kind: 'pcsc',
    normalizeInstanceId: (id) => pcsc.normalizeInstanceId?.(id) ?? id,
    async create(request: CreateRequest): Promise<string> {
      const made = await embedded.create(request);
      const instanceId = await inserted(pcsc, made);
      idOf.set(instanceId, made);
      return instanceId;
    },
    async destroy(instanceId: string, options: LongCallOptions): Promise<void> {
      await embedded.destroy(idOf.get(instanceId) ?? instanceId, options);
    },
    list: () => pcsc.list(),
    connect: (instanceId) => pcsc.connect(instanceId),
    tpmStatus: () => embedded.tpmStatus(),
    resetTpmLockout: (authorization) => embedded.resetTpmLockout(authorization),
    async close(): Promise<void> {
      await pcsc.close();
      await publication.close();
      await embedded.close();
    },
  };
}

/** Waits until pcscd has noticed the card. */
async function inserted(pcsc: Backend, made: string): Promise<string> {
  const wanted = readerInstanceId(`Virtual Smart Card 00 0${instanceNumber(made)}`);
  for (;;) {
    const cards = await pcsc.list();
    const found = cards.find(({ instanceId }) => instanceId === wanted);
    if (found) return found.instanceId;
    await delay(20);
  }
}
