import { randomBytes } from 'node:crypto';
import type { TpmStatus } from '../backend/backend.js';
import type { VirtualSmartCardManager } from '../manager.js';
import { CardKeeper } from './card-keeper.js';
import { EventRecorder } from './event-recorder.js';
import { NotRun } from './failure.js';
import { TestCard } from './test-card.js';
import { TestSecrets } from './test-secrets.js';

const SETTLE_MS = 20_000;

/** What the steps share: the manager under test, the cards made for it, what was seen before. */
export class Bench {
  readonly manager: VirtualSmartCardManager;
  readonly secrets = new TestSecrets();
  readonly keeper: CardKeeper;
  readonly events: EventRecorder;
  /** The card that most steps use: without PUK, so that its admin key resets its PIN. */
  readonly card: TestCard;
  /** The card with a PUK. */
  readonly pukCard: TestCard;
  /** The card whose making is stopped. */
  readonly stoppedCard: TestCard;
  /** The TPM at the start. */
  tpmBefore: TpmStatus | undefined;
  /** Instance ids and names of the cards at the start. */
  cardsBefore: readonly string[] = [];

  /** SHA-1 of the card's certificates, hexadecimal. */
  thumbprints: readonly string[] = [];
  /** How long the system may lag behind what was done, such as Windows' device manager. */
  readonly settleMs: number;

  /** @param timeLimitMs - of one step */
  constructor(manager: VirtualSmartCardManager, timeLimitMs: number) {
    this.manager = manager;
    this.settleMs = Math.min(SETTLE_MS, timeLimitMs / 4);
    this.keeper = new CardKeeper(manager);
    this.events = new EventRecorder(manager, this.settleMs);
    // Nobody else's card has these names.
    const name = `virtual-smartcard self-test ${randomBytes(4).toString('hex')}`;
    this.card = new TestCard(`${name} A`, this.secrets);
    this.pukCard = new TestCard(`${name} B`, this.secrets, true);
    this.stoppedCard = new TestCard(`${name} C`, this.secrets);
  }

  /** All cards of the machine, to be compared and not to be reported: their names are the user's. */
  async listCards(): Promise<string[]> {
    const cards = await this.manager.list();
    return cards.map(({ instanceId, name }) => `${instanceId} ${name}`).sort();
  }

  /**
   * Wrong PINs may count in the TPM's own lockout, which locks more than virtual smart cards. Gives
   * none that would take it beyond three quarters of what it allows.
   */
  async requireRoomForWrongPins(count: number): Promise<void> {
    const { lockoutCounter, maxAuthFail } = await this.manager.tpmStatus();
    if (lockoutCounter + count <= (maxAuthFail * 3) / 4) return;
    throw new NotRun(
      `The TPM counts ${lockoutCounter} failures and locks at ${maxAuthFail}; ${count} wrong PINs more would be too near to that. Run it again later.`,
    );
  }
}
