import { aborted } from '../../arguments.js';
import { creationStatus } from '../../creation-status.js';
import { invalidArgument, VirtualSmartCardError } from '../../errors.js';
import { GidsCardConnection } from '../../gids/card-connection.js';
import type { ApduChannel } from '../../gids/channel.js';
import { instanceNumber, normalizeInstanceId } from '../../instance-id.js';
import { watched } from '../../progress.js';
import { serviceGone } from '../../serve/wire-error.js';
import type { Credential } from '../../tpm/activate-credential.js';
import { undoAndThrow } from '../../undo.js';
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
import { tryClaimCreation } from '../embedded/state-lock.js';
import { ServiceConnection } from './service-connection.js';
import { SocketChannel } from './socket-channel.js';

/**
 * Opens the store of a directory by way of the process that serves it.
 *
 * @param tpm - what the store's TPM must be
 * @throws VirtualSmartCardError `ERR_SERVICE_GONE` when nobody serves it, `ERR_INVALID_ARGUMENT`
 */
export async function openServedBackend(
  stateDirectory: string,
  tpm: string | undefined,
): Promise<Backend> {
  const backend = new ServedBackend(stateDirectory, await ServiceConnection.open(stateDirectory));
  try {
    if (tpm !== undefined) {
      const { address } = await backend.tpmStatus();
      const expected = `${address}, with which the store is served`;
      if (tpm !== address) throw invalidArgument('tpm', expected, tpm);
    }
    return backend;
  } catch (error) {
    await backend.close();
    throw error;
  }
}

/** A store that another process owns and serves. When that process was restarted, it is connected to anew. */
class ServedBackend implements Backend {
  readonly kind = 'embedded';
  servedBy: number;
  readonly #stateDirectory: string;
  /** What was opened here and not closed yet. */
  readonly #opened = new Set<{ close(): Promise<void> }>();
  #connection: ServiceConnection;
  #connecting: Promise<ServiceConnection> | undefined;
  #closed: Promise<void> | undefined;

  constructor(stateDirectory: string, connection: ServiceConnection) {
    this.#stateDirectory = stateDirectory;
    this.#connection = connection;
    this.servedBy = connection.servedBy;
  }

  async create(request: CreateRequest): Promise<string> {
    const { onProgress, signal, pin, puk, adminKey, pinPolicy, ...rest } = request;
    const params = { ...rest, pinPolicy: pinPolicy.toJSON() };
    const secrets = puk ? [pin, adminKey, puk] : [pin, adminKey];
    return watched({ onProgress, signal }, async (watch) => {
      if (watch.signal?.aborted) throw aborted(watch.signal.reason);
      const creating = this.#call<string>('create', params, secrets, watch);
      const instanceId = await creating.catch((error: unknown) => {
        // What aborted it is known here only.
        if (!VirtualSmartCardError.is(error, 'ERR_ABORTED')) throw error;
        throw aborted(watch.signal?.reason);
      });
      if (!watch.signal?.aborted) return instanceId;
      // The service had made it before it heard of the abort.
      const left = `The new card ${instanceId} is still there; destroy it yourself.`;
      const destroy = () => this.#call<void>('destroy', { instanceId });
      return undoAndThrow(aborted(watch.signal.reason), left, destroy);
    });
  }

  async list(): Promise<CardInfo[]> {
    return (await this.#call<CardInfo[]>('list')).map(completeInfo);
  }

  async tryClaim(): Promise<CreationClaim | undefined> {
    return tryClaimCreation(this.#stateDirectory);
  }

  /** The stages before the end come from here: while the service works it cannot be stopped. */
  async destroy(instanceId: string, options: LongCallOptions): Promise<void> {
    const { onProgress, signal } = options;
    const cards = await this.list();
    if (!cards.some((card) => card.instanceId === normalizeInstanceId(instanceId))) {
      throw new VirtualSmartCardError('ERR_CARD_NOT_FOUND', `There is no card ${instanceId}.`);
    }
    for (const name of ['VREADER', 'VGIDSSIMULATOR', 'VTPMSMARTCARD'] as const) {
      if (signal?.aborted) throw aborted(signal.reason);
      onProgress?.(creationStatus(`${name}_DESTROYING`));
    }
    if (signal?.aborted) throw aborted(signal.reason);
    await this.#call('destroy', { instanceId });
    onProgress?.(creationStatus('CARD_DESTROYED'));
  }

  async connect(instanceId: string): Promise<CardConnection> {
    const channel = await this.#openChannel(instanceId);
    const info = async () => completeInfo(await this.#call<CardInfo>('info', { instanceId }));
    const connection = new GidsCardConnection(channel, info);
    this.#opened.add(connection);
    channel.onClose(() => this.#opened.delete(connection));
    return connection;
  }

  async openChannel(instanceId: string): Promise<ApduChannel> {
    const channel = await this.#openChannel(instanceId);
    this.#opened.add(channel);
    channel.onClose(() => this.#opened.delete(channel));
    return channel;
  }

  noteReader(instanceId: string, readerName: string | undefined): void {
    // A service that is gone has forgotten the readers, too.
    this.#call('noteReader', { instanceId, readerName }).catch(() => undefined);
  }

  async tpmStatus(): Promise<TpmStatus> {
    return this.#call<TpmStatus>('tpmStatus');
  }

  async resetTpmLockout(lockoutAuthorization: Uint8Array): Promise<void> {
    await this.#call('resetTpmLockout', {}, [lockoutAuthorization]);
  }

  async activateCredential({ type, ...secrets }: Credential): Promise<Buffer> {
    const { credentialBlob, encryptedSecret } = secrets;
    const sent = [credentialBlob, encryptedSecret];
    const connection = await this.#connect();
    const { attachments } = await connection.call('activateCredential', { type }, sent);
    const [secret] = attachments;
    if (secret) return secret;
    throw serviceGone('answers without what was asked for');
  }

  async watch(): Promise<CardWatch> {
    const connection = await this.#connect();
    const watch = await connection.watch((closed) => this.#opened.delete(closed));
    this.#opened.add(watch);
    if (this.#closed) await watch.close();
    return watch;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#opened].map((each) => each.close()));
    this.#connection.close();
  }

  async #openChannel(instanceId: string): Promise<SocketChannel> {
    instanceNumber(instanceId);
    const channel = new SocketChannel(instanceId, () => this.#connect());
    await channel.open();
    return channel;
  }

  async #call<Result>(
    method: string,
    params?: Readonly<Record<string, unknown>>,
    attachments?: readonly Uint8Array[],
    options?: LongCallOptions,
  ): Promise<Result> {
    const connection = await this.#connect();
    const { result } = await connection.call(method, params, attachments, options);
    return result as Result;
  }

  async #connect(): Promise<ServiceConnection> {
    if (this.#closed) throw new VirtualSmartCardError('ERR_CLOSED', 'The manager was closed.');
    if (this.#connection.isOpen) return this.#connection;
    this.#connecting ??= this.#connectAnew().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connectAnew(): Promise<ServiceConnection> {
    this.#connection = await ServiceConnection.open(this.#stateDirectory);
    this.servedBy = this.#connection.servedBy;
    if (this.#closed) this.#connection.close();
    return this.#connection;
  }
}

/** JSON leaves out what is undefined; whoever looks at the fields finds all of them. */
function completeInfo(info: CardInfo): CardInfo {
  const unknown = {
    cardId: undefined,
    readerName: undefined,
    stateReason: undefined,
    antiHammering: undefined,
    allowKeyImport: undefined,
    hasPuk: undefined,
    pinTriesLeft: undefined,
    pinTriesMax: undefined,
    pukTriesLeft: undefined,
    containerCount: undefined,
  };
  return { ...unknown, ...info };
}
