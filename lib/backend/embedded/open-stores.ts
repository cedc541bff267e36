import { realpath } from 'node:fs/promises';
import { invalidArgument } from '../../errors.js';
import { EmbeddedStore, type StoreOptions } from './embedded-store.js';
import { StateDirectory } from './state-directory.js';
import { lockState } from './state-lock.js';

/** One user's share of a store; the last share to be given back closes the store. */
export interface StoreShare {
  readonly store: EmbeddedStore;
  leave(): Promise<void>;
}

interface OpenStore {
  store: Promise<EmbeddedStore>;
  users: number;
  /** Set while the last user closes it, or someone looks at it: who comes then waits and opens anew. */
  closing: Promise<void> | undefined;
}

/** The stores that this thread has open, by the real path of their directory. */
const openStores = new Map<string, OpenStore>();

/** Opens the store of a directory, or joins those of this thread who have it open. */
export async function shareStore(root: string, options: StoreOptions): Promise<StoreShare> {
  const directory = new StateDirectory(root);
  await directory.prepare();
  const path = await realpath(directory.root);
  let open = await openStoreAt(path);
  if (!open) {
    open = { store: openStore(directory, options), users: 0, closing: undefined };
    openStores.set(path, open);
  }
  return join(path, open, options);
}

/**
 * Opens a store that exists only to look at it, or joins those of this thread who have it open. Whoever
 * of this thread opens it meanwhile waits, since what he gets has to be made good first.
 */
export async function inspectStore(root: string, options: StoreOptions): Promise<StoreShare> {
  const directory = new StateDirectory(root);
  const path = await realpath(directory.root);
  const open = await openStoreAt(path);
  if (open) return join(path, open, options);
  let ended: () => void = () => undefined;
  const closing = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const end = () => {
    openStores.delete(path);
    ended();
  };
  const store = openStore(directory, { ...options, inspect: true });
  openStores.set(path, { store, users: 1, closing });
  try {
    const opened = await store;
    return { store: opened, leave: () => opened.close().finally(end) };
  } catch (error) {
    end();
    throw error;
  }
}

/** The store as this thread has it open, once nobody is closing it. */
async function openStoreAt(path: string): Promise<OpenStore | undefined> {
  let open = openStores.get(path);
  while (open?.closing) {
    await open.closing;
    open = openStores.get(path);
  }
  return open;
}

async function openStore(directory: StateDirectory, options: StoreOptions): Promise<EmbeddedStore> {
  return EmbeddedStore.open(directory, lockState(directory.lock), options);
}

async function join(path: string, open: OpenStore, options: StoreOptions): Promise<StoreShare> {
  open.users++;
  try {
    const store = await open.store;
    if (options.tpm !== undefined && options.tpm !== store.address) {
      const expected = `${store.address}, with which this process has the directory open`;
      throw invalidArgument('tpm', expected, options.tpm);
    }
    return { store, leave: () => leave(path, open) };
  } catch (error) {
    await leave(path, open);
    throw error;
  }
}

async function leave(path: string, open: OpenStore): Promise<void> {
  if (--open.users > 0) return;
  const closed = open.store.then(
    (store) => store.close(),
    // It never opened, which those who tried were told.
    () => undefined,
  );
  // Whoever waits for the end does not care how it ended.
  open.closing = closed.then(
    () => undefined,
    () => undefined,
  );
  try {
    await closed;
  } finally {
    openStores.delete(path);
  }
}
