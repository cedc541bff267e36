import type { Backend } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { instanceNumber } from '../instance-id.js';
import { isReaderAway, readerError } from './reader-error.js';
import { ReaderLink } from './reader-link.js';
import type { ReaderTarget } from './reader-target.js';
import type { WakeUp } from './wake-up.js';

/** Nobody tells when a port is listened on again; of a socket's coming the directory tells. */
const RETRY_MS = 500;

/** A backend whose cards can be published. */
export type PublishableBackend = Backend & Required<Pick<Backend, 'openChannel' | 'watch'>>;

/** What a published card needs of its publication. */
export interface Publishing {
  backend: PublishableBackend;
  choose(instance: number): ReaderTarget;
  /** Called when it may be worth to try again. */
  wakeUp: WakeUp;
  /** A card is not in its reader; called again only after it was, or with something else. */
  warn(warning: VirtualSmartCardError): void;
}

/** Keeps one card in its reader until it is taken out. */
export class PublishedCard {
  /** Resolves when the first try to put it in has ended, however it ended. */
  readonly tried: Promise<void>;
  readonly #instanceId: string;
  readonly #publishing: Publishing;
  readonly #target: ReaderTarget;
  readonly #running: Promise<void>;
  readonly #takingOut = new AbortController();
  #onTried: () => void = () => undefined;
  #isIn = false;
  #wasIn = false;
  #warned: string | undefined;

  constructor(instanceId: string, publishing: Publishing) {
    this.#instanceId = instanceId;
    this.#publishing = publishing;
    this.#target = publishing.choose(instanceNumber(instanceId));
    this.tried = new Promise((resolve) => {
      this.#onTried = resolve;
    });
    this.#running = this.#keep().finally(() => this.#onTried());
  }

  /** The reader that holds the card now. */
  get readerName(): string | undefined {
    return this.#isIn ? this.#target.readerName : undefined;
  }

  /** Takes the card out of its reader. */
  async takeOut(): Promise<void> {
    this.#takingOut.abort();
    this.#publishing.wakeUp.call();
    await this.#running;
  }

  async #keep(): Promise<void> {
    const { signal } = this.#takingOut;
    while (!signal.aborted) {
      const failure = await this.#hold(signal).catch((error: unknown) => error);
      if (signal.aborted || VirtualSmartCardError.is(failure, 'ERR_CARD_NOT_FOUND')) return;
      if (failure !== undefined) this.#warn(readerError(failure, this.#target));
      if (VirtualSmartCardError.is(failure, 'ERR_CARD_LOST')) return;
      this.#onTried();
      await this.#publishing.wakeUp.sleep(RETRY_MS);
    }
  }

  /** Puts the card in, and comes back when it is out again: with why, where pcscd did not end it. */
  async #hold(signal: AbortSignal): Promise<Error | undefined> {
    const { backend } = this.#publishing;
    // First, so that a card that cannot answer is not seen to come and go.
    const channel = await backend.openChannel(this.#instanceId);
    const link = await ReaderLink.open(this.#target, channel, signal);
    this.#isIn = true;
    this.#wasIn = true;
    this.#warned = undefined;
    backend.noteReader?.(this.#instanceId, this.#target.readerName);
    this.#onTried();
    const failure = await link.ended;
    this.#isIn = false;
    backend.noteReader?.(this.#instanceId, undefined);
    return failure;
  }

  #warn(warning: VirtualSmartCardError): void {
    // pcscd that ends when it has nothing to do, or is started anew, is nothing to be told of.
    if (warning.message === this.#warned || (this.#wasIn && isReaderAway(warning))) return;
    this.#warned = warning.message;
    this.#publishing.warn(warning);
  }
}
