import type {
  CardConnection,
  CardInfo,
  CardWatch,
  CreateRequest,
  LongCallOptions,
  TpmStatus,
} from '../../../../lib/backend/backend.js';
import { CardEventQueue } from '../../../../lib/backend/card-event-queue.js';
import { MemoryBackend } from '../../face/memory-backend.js';

/** Calls of a backend, or of a connection to a card, in whose place a test puts something else. */
export type Faults = Map<string, (proceed: () => Promise<unknown>) => Promise<unknown>>;

const CARD_ID = '01234567-89ab-cdef-0123-456789abcdef';
const ATR = '3B8D0180FBA000000397425446590401CF';

/**
 * Cards in memory, with all that the self-test looks at. It keeps copies of the secrets that it was
 * given, and lets a test replace any call.
 */
export class TestBackend extends MemoryBackend {
  readonly faults: Faults = new Map();
  /** Copies of every PIN, PUK and admin key that came. */
  readonly secrets: Buffer[] = [];
  lockoutCounter = 0;
  readonly #watches = new Set<CardEventQueue>();

  constructor() {
    super();
    this.creating = [
      'VTPMSMARTCARD_CREATING',
      'VGIDSSIMULATOR_CREATING',
      'VREADER_CREATING',
      'GENERATE_RUNNING',
      'CARD_CREATED',
    ];
  }

  override create(request: CreateRequest): Promise<string> {
    this.#keep(request.pin, request.puk, request.adminKey);
    return this.#replaceable('create', async () => {
      const instanceId = await super.create(request);
      this.#tell('added', instanceId, request.name);
      return instanceId;
    });
  }

  override list(): Promise<CardInfo[]> {
    return this.#replaceable('list', async () => {
      const cards = await super.list();
      return cards.map((card) => ({ ...card, cardId: CARD_ID, atr: ATR }));
    });
  }

  override destroy(instanceId: string, options: LongCallOptions): Promise<void> {
    return this.#replaceable('destroy', async () => {
      const name = this.cards.get(instanceId)?.request.name ?? '';
      await super.destroy(instanceId, options);
      this.#tell('removed', instanceId, name);
    });
  }

  override async tpmStatus(): Promise<TpmStatus> {
    return this.#replaceable('tpmStatus', async () => ({
      ...(await super.tpmStatus()),
      lockoutCounter: this.lockoutCounter,
    }));
  }

  async watch(): Promise<CardWatch> {
    return this.#replaceable('watch', async () => {
      const queue = new CardEventQueue(async () => {
        this.#watches.delete(queue);
      });
      this.#watches.add(queue);
      return queue;
    });
  }

  override async connect(instanceId: string): Promise<CardConnection> {
    const connection = await super.connect(instanceId);
    return new Proxy(connection, {
      get: (target, name: keyof CardConnection) => {
        if (name === 'info') return () => this.#info(instanceId, target);
        if (name === 'servedBy') return async () => ({ pins: 'APDUs', keys: 'a provider' });
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          this.#keepSecretsOf(name, args);
          return this.#replaceable(name, () => Reflect.apply(method, target, args));
        };
      },
    });
  }

  async #info(instanceId: string, connection: CardConnection): Promise<CardInfo> {
    const { left, max } = await connection.pinTries();
    const found = (await this.list()).find((card) => card.instanceId === instanceId);
    if (!found) throw new Error(`no card ${instanceId}`);
    return { ...found, pinTriesLeft: left, pinTriesMax: max };
  }

  #replaceable<T>(name: string, call: () => Promise<T>): Promise<T> {
    const fault = this.faults.get(name);
    return fault ? (fault(call) as Promise<T>) : call();
  }

  #tell(type: 'added' | 'removed', instanceId: string, name: string): void {
    for (const watch of this.#watches) watch.push({ type, instanceId, name });
  }

  #keepSecretsOf(name: keyof CardConnection, args: unknown[]): void {
    if (/Pin$|Puk$/.test(name)) this.#keep(...args);
    for (const argument of args) {
      if (typeof argument !== 'object' || argument === null) continue;
      const { pin, resetPin, setAdminKey } = argument as Record<string, unknown>;
      this.#keep(pin, resetPin, setAdminKey);
    }
  }

  #keep(...secrets: unknown[]): void {
    for (const secret of secrets) {
      if (secret instanceof Uint8Array) this.secrets.push(Buffer.from(secret));
    }
  }
}
