import type { AdminKey } from '../admin-key.js';
import type { VirtualSmartCard } from '../card.js';
import { NotRun } from './failure.js';
import type { TestSecrets } from './test-secrets.js';

/** One of the test's own cards and what is known of it. */
export class TestCard {
  readonly name: string;
  pin: Buffer;
  readonly puk: Buffer | undefined;
  adminKey: AdminKey;
  #opened: VirtualSmartCard | undefined;

  /** A card to be made. With a PUK, the PUK resets its PIN, else the admin key does. */
  constructor(name: string, secrets: TestSecrets, hasPuk = false) {
    this.name = name;
    this.pin = secrets.digits();
    this.puk = hasPuk ? secrets.digits() : undefined;
    this.adminKey = secrets.adminKey();
  }

  get isMade(): boolean {
    return this.#opened !== undefined;
  }

  /** The card, once it was made. */
  get opened(): VirtualSmartCard {
    if (this.#opened) return this.#opened;
    throw new NotRun('The card was not made.');
  }

  set opened(card: VirtualSmartCard) {
    this.#opened = card;
  }

  /** Its instance id, once it was made. */
  get instanceId(): string {
    return this.opened.instanceId;
  }
}
