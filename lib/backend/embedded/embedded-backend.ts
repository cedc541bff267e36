import { VirtualSmartCardError } from '../../errors.js';
import type { ApduChannel } from '../../gids/channel.js';
import { instanceNumber } from '../../instance-id.js';
import type { Credential } from '../../tpm/tpm.js';
import type {
  Backend,
  CardConnection,
  CardInfo,
  CardWatch,
  CreateRequest,
  CreationClaim,
  LongCallOptions,
  TpmStatus,
} from '../backend.js';
import { activateCredential } from './activate-credential.js';
import type { EmbeddedStore } from './embedded-store.js';
import { inspectStore, type StoreShare, shareStore } from './open-stores.js';
import { locateStateDirectory } from './state-directory.js';
import { tryClaimCreation } from './state-lock.js';

export interface EmbeddedBackendOptions {
  /** Default: VIRTUAL_SMARTCARD_HOME, then the platform's folder for application data. */
  stateDirectory?: string | undefined;
  /** `libtpms`, `device:PATH`, `swtpm:unix:PATH` or `swtpm:tcp:HOST:PORT`; default: what the store has. */
  tpm?: string | undefined;
  /** The TPM's owner authorisation; default empty. Copied. */
  ownerAuthorization?: Uint8Array | undefined;
}

/** Opens the embedded backend; managers of one thread on one directory share its store. */
export async function openEmbeddedBackend(options: EmbeddedBackendOptions): Promise<Backend> {
  const root = locateStateDirectory(options.stateDirectory);
  return new EmbeddedBackend(await shareStore(root, options));
}

/** The same on a store that exists, which is left as it is: only to look at its TPM and its cards. */
export async function inspectEmbeddedBackend(options: EmbeddedBackendOptions): Promise<Backend> {
  const root = locateStateDirectory(options.stateDirectory);
  return new EmbeddedBackend(await inspectStore(root, options));
}

class EmbeddedBackend implements Backend {
  readonly kind = 'embedded';
  readonly #share: StoreShare;
  /** What was opened here and not closed yet. */
  readonly #opened = new Set<{ close(): Promise<void> }>();
  #closed: Promise<void> | undefined;

  constructor(share: StoreShare) {
    this.#share = share;
  }

  async create(request: CreateRequest): Promise<string> {
    return this.#store.create(request);
  }

  async list(): Promise<CardInfo[]> {
    return this.#store.list();
  }

  async tryClaim(): Promise<CreationClaim | undefined> {
    return tryClaimCreation(this.stateDirectory);
  }

  async destroy(instanceId: string, options: LongCallOptions): Promise<void> {
    await this.#store.destroy(instanceNumber(instanceId), options);
  }

  async connect(instanceId: string): Promise<CardConnection> {
    const connection = this.#store.connect(instanceNumber(instanceId));
    connection.onClose(() => this.#opened.delete(connection));
    this.#opened.add(connection);
    return connection;
  }

  async openChannel(instanceId: string): Promise<ApduChannel> {
    const channel = this.#store.openChannel(instanceNumber(instanceId));
    channel.onClose(() => this.#opened.delete(channel));
    this.#opened.add(channel);
    return channel;
  }

  get stateDirectory(): string {
    return this.#store.context.directory.root;
  }

  noteReader(instanceId: string, readerName: string | undefined): void {
    if (!this.#closed) this.#store.noteReader(instanceNumber(instanceId), readerName);
  }

  async watch(): Promise<CardWatch> {
    const watch = this.#store.watch((closed) => this.#opened.delete(closed));
    this.#opened.add(watch);
    return watch;
  }

  async tpmStatus(): Promise<TpmStatus> {
    const { address, kind, context } = this.#store;
    return { address, kind, ...(await context.tpm.status()) };
  }

  async resetTpmLockout(lockoutAuthorization: Uint8Array): Promise<void> {
    await this.#store.context.tpm.resetLockout(lockoutAuthorization);
  }

  async activateCredential(credential: Credential): Promise<Buffer> {
    return activateCredential(this.#store.context.tpm, credential);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#opened].map((each) => each.close()));
    await this.#share.leave();
  }

  get #store(): EmbeddedStore {
    if (!this.#closed) return this.#share.store;
    throw new VirtualSmartCardError('ERR_CLOSED', 'The manager was closed.');
  }
}
