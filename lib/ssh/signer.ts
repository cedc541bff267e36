import type { CardInfo } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import type { VirtualSmartCardKey } from '../key.js';
import type { VirtualSmartCardManager } from '../manager.js';
import { Turns } from '../turns.js';
import type { CheckedSignerOptions } from './agent-options.js';
import { CardSession } from './card-session.js';
import { type SshPublicKey, sshPublicKey } from './public-key.js';
import { signatureContent, sshSignatureAlgorithm } from './signature.js';

/** A key of one of the cards. */
interface SignerKey {
  session: CardSession;
  key: VirtualSmartCardKey;
  publicKey: SshPublicKey;
}

/** A signature as ssh has it: the algorithm's name, and what follows it. */
export interface SshSignature {
  name: string;
  content: Buffer;
}

/** What says that an open card is not there any more: it is looked for anew. */
const GONE = ['ERR_CLOSED', 'ERR_CARD_NOT_FOUND', 'ERR_CARD_LOST'];

/** Finds the keys of a manager's cards and signs with them: what all ways to ssh have in common. */
export class SshSigner {
  readonly #manager: VirtualSmartCardManager;
  readonly #options: CheckedSignerOptions;
  readonly #sessions = new Map<string, CardSession>();
  /** The keys that were found last, by their blobs. */
  #keys = new Map<string, SignerKey>();
  readonly #listing = new Turns();
  /** The signatures under way: aborted when the PINs are forgotten, so that nobody is asked any more. */
  readonly #underWay = new Set<AbortController>();
  #isClosed = false;

  constructor(manager: VirtualSmartCardManager, options: CheckedSignerOptions) {
    this.#manager = manager;
    this.#options = options;
  }

  /**
   * The keys that there are now. A card that fails is told of and left out.
   *
   * @throws VirtualSmartCardError `ERR_CLOSED`, and as `manager.list`
   */
  async publicKeys(): Promise<SshPublicKey[]> {
    const keys = await this.#find();
    return [...keys.values()].map(({ publicKey }) => publicKey);
  }

  /**
   * Signs data.
   *
   * @param blob - the public key
   * @param flags - see {@link sshSignatureAlgorithm}
   * @param signal - fires when nobody waits for the signature any more
   * @throws VirtualSmartCardError `ERR_CONTAINER_NOT_FOUND` for a key that is on no card, and as
   * {@link CardSession.sign}
   */
  async sign(
    blob: Uint8Array,
    data: Uint8Array,
    flags: number,
    signal: AbortSignal,
  ): Promise<SshSignature> {
    // From the beginning, so that a lock that comes meanwhile stops it, too.
    const request = new AbortController();
    const stop = () => request.abort();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    this.#underWay.add(request);
    try {
      const { session, key, publicKey } = await this.#key(blob);
      const { type, fingerprint } = publicKey;
      const { name, algorithm } = sshSignatureAlgorithm(type, flags, this.#options.allowSha1);
      const { instanceId, name: cardName } = session.card;
      const { container } = key;
      const use = { instanceId, cardName, container, fingerprint, signal: request.signal };
      const signature = await session.sign(use, () =>
        key.sign(algorithm, data, { dsaEncoding: 'ieee-p1363', signal: request.signal }),
      );
      return { name, content: signatureContent(type, signature) };
    } finally {
      this.#underWay.delete(request);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Locks all cards and stops what is being asked: whoever signs next is asked for the PIN. */
  async forgetPins(): Promise<void> {
    this.#stopAsking();
    const outcomes = await Promise.allSettled(
      [...this.#sessions.values()].map((session) => session.logOut()),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') this.#warn(outcome.reason);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopAsking();
    await this.#listing.take(() => this.#closeSessions());
  }

  #stopAsking(): void {
    for (const request of this.#underWay) request.abort();
  }

  async #closeSessions(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#keys.clear();
    await Promise.all(sessions.map((session) => session.close()));
  }

  /** The key of that blob, if its container still holds it. */
  async #key(blob: Uint8Array): Promise<SignerKey> {
    const id = Buffer.from(blob).toString('base64');
    const known = this.#keys.get(id);
    if (known && (await this.#isThere(known))) return known;
    const found = (await this.#find()).get(id);
    if (found) return found;
    throw new VirtualSmartCardError(
      'ERR_CONTAINER_NOT_FOUND',
      'A signature by a key was asked for that is on none of the cards.',
    );
  }

  async #isThere({ session, publicKey, key }: SignerKey): Promise<boolean> {
    try {
      const now = await session.card.key(key.container);
      return sshPublicKey(now).blob.equals(publicKey.blob);
    } catch (error) {
      if (!VirtualSmartCardError.is(error)) throw error;
      return false;
    }
  }

  #find(): Promise<Map<string, SignerKey>> {
    return this.#listing.take(async () => {
      this.#requireOpen();
      const infos = (await this.#cards()).filter(({ state }) => state === 'ready');
      await this.#dropOthers(infos);
      const lists = [];
      for (const info of infos) lists.push(await this.#keysOf(info));
      this.#keys = new Map(
        lists.flat().map((found) => [found.publicKey.blob.toString('base64'), found]),
      );
      return this.#keys;
    });
  }

  async #cards(): Promise<CardInfo[]> {
    const { instanceId } = this.#options;
    if (instanceId === undefined) return this.#manager.list();
    try {
      return [await this.#manager.info(instanceId)];
    } catch (error) {
      if (!VirtualSmartCardError.is(error, 'ERR_CARD_NOT_FOUND')) throw error;
      return [];
    }
  }

  async #dropOthers(infos: readonly CardInfo[]): Promise<void> {
    for (const [id, session] of this.#sessions) {
      if (infos.some((info) => session.isOf(info))) continue;
      this.#sessions.delete(id);
      await session.close().catch((error: unknown) => this.#warn(error));
    }
  }

  async #keysOf(info: CardInfo): Promise<SignerKey[]> {
    try {
      return await this.#read(info);
    } catch (error) {
      if (!isGone(error)) {
        this.#warn(error);
        return [];
      }
      this.#sessions.delete(info.instanceId);
    }
    // Opened anew, once: it may have been destroyed in the meantime.
    return this.#read(info).catch((error: unknown) => {
      if (!isGone(error)) this.#warn(error);
      return [];
    });
  }

  async #read(info: CardInfo): Promise<SignerKey[]> {
    const session = await this.#session(info);
    const keys = await session.keys();
    return keys.flatMap((key) => this.#shown(session, key) ?? []);
  }

  /** Undefined for a key that ssh has no form for: another program may have named its container. */
  #shown(session: CardSession, key: VirtualSmartCardKey): SignerKey | undefined {
    try {
      const comment = `${session.card.name} ${key.container}`;
      return { session, key, publicKey: sshPublicKey(key, comment) };
    } catch (error) {
      this.#warn(error);
      return undefined;
    }
  }

  async #session(info: CardInfo): Promise<CardSession> {
    const open = this.#sessions.get(info.instanceId);
    if (open) return open;
    const card = await this.#manager.card(info.instanceId);
    const session = new CardSession(card, info.cardId, this.#options);
    this.#sessions.set(info.instanceId, session);
    return session;
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new VirtualSmartCardError('ERR_CLOSED', 'The ssh agent was closed.');
  }

  #warn(error: unknown): void {
    if (!VirtualSmartCardError.is(error)) throw error;
    this.#options.onWarning(error);
  }
}

function isGone(error: unknown): boolean {
  return VirtualSmartCardError.is(error) && GONE.includes(error.code);
}
