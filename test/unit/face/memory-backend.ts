import { randomBytes } from 'node:crypto';
import type {
  Backend,
  CardConnection,
  CardInfo,
  CreateRequest,
  LongCallOptions,
  TpmStatus,
} from '../../../lib/backend/backend.js';
import { type CreationStatusName, creationStatus } from '../../../lib/creation-status.js';
import { VirtualSmartCardError } from '../../../lib/errors.js';
import { GidsApplet } from '../../../lib/gids/applet.js';
import { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import type { ApduChannel } from '../../../lib/gids/channel.js';
import { generateFileSystem } from '../../../lib/gids/files.js';
import { formatInstanceId } from '../../../lib/instance-id.js';
import { VirtualSmartCardManager } from '../../../lib/manager.js';
import { Turns } from '../../../lib/turns.js';
import { MemoryVault } from '../../support/memory-vault.js';

interface MemoryCard {
  request: CreateRequest;
  vault: MemoryVault;
  turns: Turns;
}

const DESTROYING: CreationStatusName[] = ['VREADER_DESTROYING', 'CARD_DESTROYED'];

/**
 * A backend of real applets and clients over vaults in memory: the face under test meets the real
 * protocol, without a TPM.
 */
export class MemoryBackend implements Backend {
  readonly kind = 'embedded';
  readonly cards = new Map<string, MemoryCard>();
  /** Requests as create got them; their secrets must be wiped afterwards. */
  readonly requests: CreateRequest[] = [];
  /** Copies of what create was given, for comparison. */
  readonly pins: Buffer[] = [];
  /** Command APDUs of all channels, hexadecimal. */
  readonly apdus: string[] = [];
  lockoutAuthorization: Buffer | undefined;
  /** When set, `connect` rejects with it. */
  connectFailure: Error | undefined;
  closed = 0;
  /** The stages that `create` tells of. */
  creating: CreationStatusName[] = ['VTPMSMARTCARD_INITIALIZING', 'CARD_CREATED'];
  openConnections = 0;
  #countdown = 0;
  #whenCounted: (() => void) | undefined;

  manager(): VirtualSmartCardManager {
    return VirtualSmartCardManager.over(this);
  }

  /** Calls `action` before the answer to the `count`th APDU from now. */
  afterApdus(count: number, action: (() => void) | undefined): void {
    this.#countdown = count;
    this.#whenCounted = action;
  }

  vault(instanceId: string): MemoryVault {
    return this.#card(instanceId).vault;
  }

  async create(request: CreateRequest): Promise<string> {
    this.requests.push(request);
    this.pins.push(Buffer.from(request.pin));
    await report(request, this.creating);
    const { pin, puk, adminKey, pinPolicy, allowKeyImport, generate } = request;
    const state = generate ? { state: generateFileSystem(randomBytes(16)) } : {};
    const secrets = { pin, adminKey, ...(puk && { puk }) };
    const vault = new MemoryVault({ ...secrets, ...state, pinPolicy, allowKeyImport });
    const instanceId = formatInstanceId(this.cards.size);
    this.cards.set(instanceId, { request, vault, turns: new Turns() });
    return instanceId;
  }

  async list(): Promise<CardInfo[]> {
    return [...this.cards.keys()].map((instanceId) => this.#info(instanceId));
  }

  async destroy(instanceId: string, options: LongCallOptions): Promise<void> {
    this.#card(instanceId);
    await report(options, DESTROYING);
    this.cards.delete(instanceId);
  }

  async connect(instanceId: string): Promise<CardConnection> {
    if (this.connectFailure) throw this.connectFailure;
    const { vault, turns } = this.#card(instanceId);
    this.openConnections += 1;
    const channel = this.#recorded(new GidsApplet(vault, turns));
    return new GidsCardConnection(channel, async () => this.#info(instanceId));
  }

  async tpmStatus(): Promise<TpmStatus> {
    return {
      address: 'memory',
      kind: 'software',
      manufacturer: 'NONE',
      vendorString: '',
      firmwareVersion: '0.0.0.0',
      lockoutCounter: 0,
      maxAuthFail: 32,
      lockoutIntervalMs: 600_000,
      lockoutRecoveryMs: 86_400_000,
      inLockout: false,
      retryAfterMs: 0,
    };
  }

  async resetTpmLockout(lockoutAuthorization: Uint8Array): Promise<void> {
    this.lockoutAuthorization = Buffer.from(lockoutAuthorization);
  }

  async close(): Promise<void> {
    this.closed += 1;
  }

  #card(instanceId: string): MemoryCard {
    const card = this.cards.get(instanceId);
    if (card) return card;
    throw new VirtualSmartCardError('ERR_CARD_NOT_FOUND', `There is no card ${instanceId}.`);
  }

  #info(instanceId: string): CardInfo {
    const { request, vault } = this.#card(instanceId);
    return {
      instanceId,
      name: request.name,
      cardId: undefined,
      readerName: `Reader of ${request.name}`,
      state: request.generate ? 'ready' : 'blank',
      stateReason: undefined,
      tpm: 'software',
      antiHammering: request.antiHammering,
      allowKeyImport: request.allowKeyImport,
      hasPuk: request.puk !== undefined,
      pinTriesLeft: undefined,
      pinTriesMax: undefined,
      pukTriesLeft: undefined,
      containerCount: vault.state.keys.size,
    };
  }

  #recorded(applet: GidsApplet): ApduChannel {
    return {
      transmit: (command) => {
        this.apdus.push(Buffer.from(command).toString('hex'));
        this.#countdown -= 1;
        if (this.#countdown === 0) this.#whenCounted?.();
        return applet.transmit(command);
      },
      reset: () => applet.reset(),
      close: async () => {
        this.openConnections -= 1;
        await applet.close();
      },
      takeFailure: () => applet.takeFailure(),
    };
  }
}

/** Reports each status, a turn of the event loop apart, as long as nobody aborts. */
async function report(
  { onProgress, signal }: LongCallOptions,
  names: readonly CreationStatusName[],
): Promise<void> {
  for (const name of names) {
    if (signal?.aborted) throw new VirtualSmartCardError('ERR_ABORTED', 'Aborted.');
    onProgress?.(creationStatus(name));
    await new Promise(setImmediate);
  }
}
