import { booleanOption, checkOptions, optionalText, wordOption } from './arguments.js';
import { answerChallenge } from './attestation/ask.js';
import type { ActivationChallenge } from './attestation/credential.js';
import type { AuditOptions } from './audit/audit-options.js';
import { openAudited } from './audit/open-audited.js';
import type {
  Backend,
  CardInfo,
  CardWatch,
  CertificateStoreOption,
  LongCallOptions,
  TpmStatus,
} from './backend/backend.js';
import { defaultBackend, openBackend } from './backend/open-backend.js';
import { VirtualSmartCard } from './card.js';
import { createCard } from './create-card.js';
import type { CreateOptions } from './create-request.js';
import { type EnsuredCard, type EnsureOptions, ensureCard } from './ensure.js';
import { VirtualSmartCardError } from './errors.js';
import { normalizeInstanceId } from './instance-id.js';
import type { Publication } from './pcsc/publication.js';
import { checkedPublishOptions, type PublishOptions } from './pcsc/publish-options.js';
import { LONG_CALL_OPTIONS, watched } from './progress.js';
import { copySecret, type SecretInput, wipe } from './secret.js';
import { checkedServeOptions, type ServeOptions } from './serve/serve-options.js';
import type { Service } from './serve/service.js';

/** How a manager is opened. */
export interface OpenOptions {
  /**
   * `windows`: the system's own TPM virtual smart cards. `embedded`: an embedded TPM 2.0 and a card
   * of our own. `pcsc`, off Windows: every GIDS card in a reader of pcscd, whoever made it. Default:
   * windows on Windows, else embedded.
   */
  backend?: 'windows' | 'embedded' | 'pcsc' | undefined;
  /** Embedded: where the cards are; default VIRTUAL_SMARTCARD_HOME, else the user's data folder. */
  stateDirectory?: string | undefined;
  /** Embedded: `libtpms`, `device:/dev/tpmrm0`, `swtpm:unix:PATH` or `swtpm:tcp:HOST:PORT`. */
  tpm?: string | undefined;
  /** Windows: another machine. */
  machine?: string | undefined;
  /**
   * Windows: whether Windows may ask the user for an administrator's consent where this program does
   * not run as one; default false.
   */
  allowElevationPrompt?: boolean | undefined;
  /**
   * Windows: whether a certificate that is put on a card is put into the user's store, too, and taken
   * out with it or its card; default `currentUser`. `none` leaves the store alone. Other than `none` is
   * `ERR_NOT_SUPPORTED` on the embedded backend.
   */
  certificateStore?: CertificateStoreOption | undefined;
  /** Embedded: the TPM's owner authorisation, where one is set. */
  ownerAuthorization?: SecretInput | undefined;
  /** Who is told of each life-cycle act: who did what to which card, when, with which outcome. */
  audit?: AuditOptions | undefined;
}

const OPEN_OPTIONS = [
  'backend',
  'stateDirectory',
  'tpm',
  'machine',
  'allowElevationPrompt',
  'certificateStore',
  'ownerAuthorization',
  'audit',
];
const BACKENDS = ['windows', 'embedded', 'pcsc'] as const;
const CERTIFICATE_STORES = ['currentUser', 'none'] as const;

/**
 * Creates, lists, opens and destroys the TPM virtual smart cards of one machine.
 *
 * @example
 * ```ts
 * await using manager = await VirtualSmartCardManager.open();
 * const card = await manager.create({
 *   name: 'Work laptop', pin: '4711', adminKey: AdminKey.random(), pinPolicy: { minLength: 4 },
 *   onProgress: (status) => console.log(status.message),
 * });
 * for (const info of await manager.list()) console.log(info.instanceId, info.name);
 * await manager.destroy(card.instanceId);
 * ```
 */
export class VirtualSmartCardManager {
  readonly #backend: Backend;
  /** The cards opened here and not closed yet. */
  readonly #cards = new Set<VirtualSmartCard>();
  /** What was published and served. */
  readonly #shares = new Set<Publication | Service>();
  #closing: Promise<void> | undefined;

  private constructor(backend: Backend) {
    this.#backend = backend;
  }

  /**
   * Opens the manager.
   *
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_NOT_SUPPORTED`, `ERR_NATIVE_ADDON`,
   * `ERR_LIBTPMS_NOT_FOUND`, `ERR_TPM_UNAVAILABLE`, `ERR_TPM_BUSY`, `ERR_TPM_AUTHORIZATION`,
   * `ERR_STATE_IN_USE`, `ERR_STATE_CORRUPT`, `ERR_STATE_IO`, `ERR_AUDIT`
   * @example
   * ```ts
   * await using manager = await VirtualSmartCardManager.open({
   *   backend: 'embedded', stateDirectory: '/var/lib/cards', tpm: 'device:/dev/tpmrm0',
   * });
   * ```
   */
  static async open(options: OpenOptions = {}): Promise<VirtualSmartCardManager> {
    checkOptions(options, OPEN_OPTIONS);
    const backend = wordOption(options.backend, 'backend', BACKENDS, defaultBackend());
    const stateDirectory = optionalText(options.stateDirectory, 'stateDirectory');
    const tpm = optionalText(options.tpm, 'tpm');
    const machine = optionalText(options.machine, 'machine');
    const allowElevationPrompt =
      options.allowElevationPrompt === undefined
        ? undefined
        : booleanOption(options.allowElevationPrompt, 'allowElevationPrompt', false);
    const certificateStore =
      options.certificateStore === undefined
        ? undefined
        : wordOption(options.certificateStore, 'certificateStore', CERTIFICATE_STORES, 'none');
    const ownerAuthorization =
      options.ownerAuthorization === undefined
        ? undefined
        : copySecret(options.ownerAuthorization, 'ownerAuthorization');
    try {
      const opened = {
        backend,
        stateDirectory,
        tpm,
        machine,
        allowElevationPrompt,
        certificateStore,
        ownerAuthorization,
      };
      return VirtualSmartCardManager.over(
        await openAudited(options.audit, () => openBackend(opened)),
      );
    } finally {
      wipe(ownerAuthorization);
    }
  }

  /** @internal A manager over a backend that is open already. */
  static over(backend: Backend): VirtualSmartCardManager {
    return new VirtualSmartCardManager(backend);
  }

  /** @internal Which backend carries it out. */
  get backendKind(): Backend['kind'] {
    return this.#backend.kind;
  }

  /**
   * Creates a card, all or nothing, and opens it. An `onProgress` that throws stops it as an abort
   * does, and its error is what the caller gets; so does an `escrow`.
   *
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_PIN_POLICY` (nothing was made),
   * `ERR_CARD_LIMIT`, `ERR_ABORTED`, `ERR_TPM_NV_FULL`, `ERR_TPM_AUTHORIZATION`,
   * `ERR_TPM_UNAVAILABLE`, `ERR_STATE_IO`, `ERR_CLOSED`
   * @example
   * ```ts
   * const adminKey = AdminKey.random();
   * const card = await manager.create({ name: 'Signing', pin, puk, adminKey, signal });
   * ```
   */
  async create(options: CreateOptions): Promise<VirtualSmartCard> {
    const backend = this.#open();
    return createCard(backend, options, (id, name) => this.#connect(id, name));
  }

  /**
   * Finds a card, by `cardId` where that is given, else by its exact name, or creates it: for tools that
   * are run again until all is as it should be. At one time only one `ensure` of this machine does so.
   * Of a card that is there, what was asked for and can be read is compared; PIN, PUK, policy and
   * attestation cannot. `nextAdminKey` is made the admin key of one that is there, too, if it is not
   * yet, and `adminKey` was.
   *
   * @throws VirtualSmartCardError `ERR_CARD_AMBIGUOUS` (several cards of the name), `ERR_CARD_LOST`,
   * `ERR_CARD_NOT_INITIALIZED`, `ERR_CARD_DIFFERS`, `ERR_ADMIN_KEY_INCORRECT` (it has neither key),
   * `ERR_CARD_NOT_FOUND` (no card has that `cardId`, but another one has the name), and as `create`
   * @example
   * ```ts
   * const { card, created } = await manager.ensure({ name: 'Work laptop', pin, adminKey });
   * ```
   */
  async ensure(options: EnsureOptions): Promise<EnsuredCard> {
    const backend = this.#open();
    return ensureCard(backend, options, (id, name) => this.#connect(id, name));
  }

  /**
   * All cards, lost ones too, ordered by instance id.
   *
   * @throws VirtualSmartCardError `ERR_TPM_UNAVAILABLE`, `ERR_STATE_IO`, `ERR_CLOSED`
   * @example
   * ```ts
   * console.table(await manager.list());
   * ```
   */
  async list(): Promise<CardInfo[]> {
    return this.#open().list();
  }

  /**
   * One card as `list` shows it.
   *
   * @param instanceId - `ROOT\SMARTCARDREADER\0000`, with slashes too, or the bare `0000`; on the pcsc
   * backend `READER\` and the reader's name, or the name alone
   * @throws VirtualSmartCardError `ERR_CARD_NOT_FOUND`, and as `list`
   * @example
   * ```ts
   * const { state, pinTriesLeft } = await manager.info('0000');
   * ```
   */
  async info(instanceId: string): Promise<CardInfo> {
    const wanted = this.#normalize(instanceId);
    const cards = await this.list();
    const found = cards.find((card) => card.instanceId === wanted);
    if (found) return found;
    throw new VirtualSmartCardError(
      'ERR_CARD_NOT_FOUND',
      `No card has the instance id ${wanted}. ${nameCards(cards)}`,
    );
  }

  /**
   * Opens a card, with a PIN state of its own. Without an id, the only card there is.
   *
   * @throws VirtualSmartCardError `ERR_CARD_NOT_FOUND`, `ERR_CARD_AMBIGUOUS` (several cards and no
   * id; `instanceIds` lists them), `ERR_CARD_LOST`, `ERR_INVALID_ARGUMENT`, `ERR_CLOSED`
   * @example
   * ```ts
   * await using card = await manager.card('0001');
   * ```
   */
  async card(instanceId?: string): Promise<VirtualSmartCard> {
    if (instanceId !== undefined) return this.#connect(this.#normalize(instanceId));
    const cards = await this.list();
    const [only, ...others] = cards;
    if (!only) {
      throw new VirtualSmartCardError('ERR_CARD_NOT_FOUND', 'There is no card. Create one first.');
    }
    if (others.length === 0) return this.#connect(only.instanceId);
    throw new VirtualSmartCardError(
      'ERR_CARD_AMBIGUOUS',
      `There are ${cards.length} cards; name one by its instance id. ${nameCards(cards)}`,
      { instanceIds: cards.map((card) => card.instanceId) },
    );
  }

  /**
   * Destroys a card for good: its keys exist nowhere else. What was opened of it is closed.
   *
   * @param instanceId - as `info` takes it
   * @throws VirtualSmartCardError `ERR_CARD_NOT_FOUND`, `ERR_ABORTED` (the card is still there),
   * `ERR_INVALID_ARGUMENT`, `ERR_TPM_UNAVAILABLE`, `ERR_STATE_IO`, `ERR_CLOSED`
   * @example
   * ```ts
   * await manager.destroy(card.instanceId, { onProgress: (status) => console.log(status.message) });
   * ```
   */
  async destroy(instanceId: string, options: LongCallOptions = {}): Promise<void> {
    const backend = this.#open();
    const wanted = this.#normalize(instanceId);
    checkOptions(options, LONG_CALL_OPTIONS);
    await watched(options, async (watch) => {
      await backend.destroy(wanted, watch);
      const open = [...this.#cards].filter((card) => card.instanceId === wanted);
      await Promise.all(open.map((card) => card.close()));
    });
  }

  /**
   * Tells of cards that come and go from now on, whoever makes and destroys them. Leaving `for await`
   * closes it, as does closing the manager.
   *
   * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED`, `ERR_NOT_SUPPORTED_REMOTE`, `ERR_CLOSED`
   * @example
   * ```ts
   * for await (const { type, instanceId, name } of await manager.watch()) console.log(type, name);
   * ```
   */
  async watch(): Promise<CardWatch> {
    const backend = this.#open();
    if (backend.watch) return backend.watch();
    throw new VirtualSmartCardError(
      'ERR_NOT_SUPPORTED',
      `The ${backend.kind} backend cannot watch cards. List them now and then.`,
    );
  }

  /**
   * Puts all cards into readers of pcscd, where every PC/SC program sees them: those that there are
   * and those that come, until the publication or the manager is closed. Each card has a reader of
   * its own, the same one at every start. A card that cannot be put in is tried again.
   *
   * @throws VirtualSmartCardError `ERR_SMART_CARD_SERVICE` (the reader is not installed),
   * `ERR_ACCESS_DENIED` (it was installed for another user), `ERR_NOT_SUPPORTED` (not on Linux, or
   * Windows' cards, which are in readers already), `ERR_INVALID_ARGUMENT`, `ERR_CLOSED`
   * @example
   * ```ts
   * await using publication = await manager.publish({
   *   onWarning: (warning) => console.warn(warning.message),
   * });
   * ```
   */
  async publish(options: PublishOptions = {}): Promise<Publication> {
    const backend = this.#open();
    const checked = checkedPublishOptions(options);
    const { startPublication } = await import('./pcsc/start-publication.js');
    const publication = await startPublication(backend, checked);
    return this.#share(publication);
  }

  /**
   * Serves the store to the other processes of this user: a manager that they open on it works through
   * this one, until the service or this manager is closed. Who may enter the state directory, and is
   * this user or root, is served.
   *
   * @throws VirtualSmartCardError `ERR_STATE_IN_USE` (it is served already), `ERR_NOT_SUPPORTED`
   * (Windows' cards, which every process has anyway), `ERR_STATE_IO`, `ERR_INVALID_ARGUMENT`,
   * `ERR_CLOSED`
   * @example
   * ```ts
   * await using service = await manager.serve();
   * ```
   */
  async serve(options: ServeOptions = {}): Promise<Service> {
    const backend = this.#open();
    const checked = checkedServeOptions(options);
    const { startService } = await import('./serve/start-service.js');
    return this.#share(await startService(backend, checked));
  }

  /**
   * State of the TPM, above all of its dictionary-attack lockout.
   *
   * @throws VirtualSmartCardError `ERR_TPM_UNAVAILABLE`, `ERR_CLOSED`
   * @example
   * ```ts
   * const { inLockout, retryAfterMs } = await manager.tpmStatus();
   * ```
   */
  async tpmStatus(): Promise<TpmStatus> {
    return this.#open().tpmStatus();
  }

  /**
   * Resets the TPM's dictionary-attack lockout. A wrong lockout authorisation bans the next try for
   * `lockoutRecoveryMs` of `tpmStatus`.
   *
   * @param options - `lockoutAuthorization`: empty where none was set
   * @throws VirtualSmartCardError `ERR_TPM_LOCKOUT_AUTHORIZATION`, `ERR_INVALID_ARGUMENT`,
   * `ERR_TPM_UNAVAILABLE`, `ERR_CLOSED`
   * @example
   * ```ts
   * await manager.resetTpmLockout({ lockoutAuthorization });
   * ```
   */
  async resetTpmLockout(options: { lockoutAuthorization: SecretInput }): Promise<void> {
    const backend = this.#open();
    checkOptions(options, ['lockoutAuthorization']);
    const authorization = copySecret(options.lockoutAuthorization, 'lockoutAuthorization');
    try {
      await backend.resetTpmLockout(authorization);
    } finally {
      wipe(authorization);
    }
  }

  /**
   * Answers a challenge that `makeCredential` made for a statement of one of this TPM's keys. Only the
   * TPM that has both the attestation key and the endorsement key of the statement can.
   *
   * @returns the secret in the challenge, for `verifyAttestation`; the caller wipes it
   * @throws VirtualSmartCardError `ERR_ATTESTATION` (it is for another TPM), `ERR_NOT_SUPPORTED`,
   * `ERR_TPM_AUTHORIZATION`, `ERR_INVALID_ARGUMENT`, `ERR_TPM_UNAVAILABLE`, `ERR_CLOSED`
   * @example
   * ```ts
   * const answer = await manager.activateCredential(challenge);
   * ```
   */
  async activateCredential(challenge: ActivationChallenge): Promise<Buffer> {
    return answerChallenge(this.#open(), challenge);
  }

  /**
   * Closes the cards opened here and lets go of the TPM, once what is under way has ended. `await
   * using` does it by itself. Safe to call twice.
   *
   * @example `await manager.close();`
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    try {
      await Promise.all([...this.#shares, ...this.#cards].map((each) => each.close()));
    } finally {
      await this.#backend.close();
    }
  }

  /** Closed with this manager, also when that was closed meanwhile. */
  async #share<Share extends Publication | Service>(share: Share): Promise<Share> {
    this.#shares.add(share);
    if (this.#closing) await share.close();
    this.#open();
    return share;
  }

  /** @param knownName - where the card's name need not be asked for */
  async #connect(instanceId: string, knownName?: string): Promise<VirtualSmartCard> {
    const connection = await this.#open().connect(instanceId);
    try {
      const name = knownName ?? (await connection.info()).name;
      this.#open();
      const forget = (closed: VirtualSmartCard) => this.#cards.delete(closed);
      const card = VirtualSmartCard.over(connection, { instanceId, name }, forget);
      this.#cards.add(card);
      return card;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  #normalize(instanceId: string): string {
    const backend = this.#open();
    return backend.normalizeInstanceId?.(instanceId) ?? normalizeInstanceId(instanceId);
  }

  #open(): Backend {
    if (!this.#closing) return this.#backend;
    throw new VirtualSmartCardError('ERR_CLOSED', 'This manager was closed. Open another one.');
  }
}

function nameCards(cards: readonly CardInfo[]): string {
  if (cards.length === 0) return 'There is no card.';
  return `There are: ${cards.map((card) => `${card.instanceId} ("${card.name}")`).join(', ')}.`;
}
