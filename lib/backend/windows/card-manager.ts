import { setTimeout as delay } from 'node:timers/promises';
import { CREATION_STATUSES } from '../../creation-status.js';
import { VirtualSmartCardError } from '../../errors.js';
import { aborted, isUnreturned, type NativeEventListener } from '../../native-call.js';
import type { ManagerAddress, ManagerReports, WindowsAddon } from '../../native-windows.js';
import { undoAndThrow } from '../../undo.js';
import type { CreateRequest, LongCallOptions } from '../backend.js';
import type { TimeLimits } from './limits.js';
import { nativeCard } from './native-card.js';
import { awaitCall } from './system-call.js';
import type { VirtualReaders } from './virtual-readers.js';

/** After these the manager may have left a card whose device shows only a moment later. */
const UNSETTLED = ['ERR_ABORTED', 'ERR_MANAGER_UNAVAILABLE'] as const;
const SETTLING_MS = 300;

/** Windows' virtual smart card manager, on this machine or another: makes cards and destroys them. */
export class CardManager {
  readonly #addon: WindowsAddon;
  readonly #address: ManagerAddress;
  readonly #limits: TimeLimits;
  readonly #readers: VirtualReaders;

  constructor(
    addon: WindowsAddon,
    address: ManagerAddress,
    limits: TimeLimits,
    readers: VirtualReaders,
  ) {
    this.#addon = addon;
    this.#address = address;
    this.#limits = limits;
    this.#readers = readers;
  }

  get isRemote(): boolean {
    return this.#address.machine !== undefined;
  }

  /** Makes a card, all or nothing, and resolves to its instance id as Windows gave it. */
  async create(request: CreateRequest): Promise<string> {
    this.#requireConsole();
    const card = { ...nativeCard(request, this.#address), ...reports(request) };
    const before = await this.#deviceIds(request.name);
    let made: { instanceId: string | null; needReboot: boolean };
    try {
      made = await awaitCall(() => this.#addon.createCard(card, listener(request)), {
        signal: request.signal,
        timeoutMs: this.#limits.create,
        graceMs: this.#limits.grace,
        what: 'Creating the card',
        afterwards: 'A card that it still makes is destroyed while this process lives.',
      });
    } catch (error) {
      return this.#takeBackLeftovers(error, request.name, before);
    }
    const { instanceId, needReboot } = made;
    if (instanceId === null) {
      const reason = new VirtualSmartCardError(
        'ERR_WINDOWS',
        "Windows' virtual smart card manager reported success without naming the card; the card was destroyed where it could be found.",
      );
      return this.#takeBackLeftovers(reason, request.name, before);
    }
    if (request.signal?.aborted) {
      const reason = aborted('Creating the card was aborted.', request.signal.reason);
      return this.#takeBack(reason, [instanceId]);
    }
    if (needReboot) throw rebootRequired(`The card ${instanceId} was made`, instanceId);
    return instanceId;
  }

  async destroy(instanceId: string, options: LongCallOptions): Promise<void> {
    this.#requireConsole();
    const { needReboot } = await this.#destroy(instanceId, options);
    if (needReboot) throw rebootRequired(`The card ${instanceId} was destroyed`, instanceId);
  }

  #destroy(instanceId: string, options: LongCallOptions): Promise<{ needReboot: boolean }> {
    const card = { ...this.#address, ...reports(options), instanceId };
    return awaitCall(() => this.#addon.destroyCard(card, listener(options)), {
      signal: options.signal,
      timeoutMs: this.#limits.destroy,
      graceMs: this.#limits.grace,
      what: 'Destroying the card',
    });
  }

  /** A program in Remote Desktop is refused by the manager, after a while; it is told at once. */
  #requireConsole(): void {
    if (this.isRemote || !this.#addon.isRemoteSession()) return;
    throw new VirtualSmartCardError(
      'ERR_TERMINAL_SESSION',
      'This program runs in a Remote Desktop session, in which Windows makes and destroys no virtual smart cards. Run it at the console, or in Hyper-V in a basic session; cards can be used from anywhere.',
    );
  }

  /** The devices of that name. Of another machine nothing is known. */
  async #deviceIds(name: string): Promise<string[]> {
    if (this.isRemote) return [];
    const devices = await this.#readers.devices();
    return devices.filter((device) => device.name === name).map(({ instanceId }) => instanceId);
  }

  /**
   * Destroys what a failed call has left: a device of the card's name that was not there before. Two of
   * them cannot be told apart from another program's card, so they are named and left.
   */
  async #takeBackLeftovers(reason: unknown, name: string, before: string[]): Promise<never> {
    // What Windows makes after all, the addon destroys.
    if (this.isRemote || isUnreturned(reason)) throw reason;
    const isUnsettled = UNSETTLED.some((code) => VirtualSmartCardError.is(reason, code));
    let left = await this.#newDevices(name, before);
    if (left.length === 0 && isUnsettled) {
      await delay(SETTLING_MS);
      left = await this.#newDevices(name, before);
    }
    if (left.length === 0) throw reason;
    if (left.length === 1) return this.#takeBack(reason, left);
    const text = `Meanwhile the cards ${left.join(', ')} have appeared; one of them may be what is left of this call: destroy it.`;
    return undoAndThrow(reason, text, () => Promise.reject(new Error('which one is not known')));
  }

  async #newDevices(name: string, before: string[]): Promise<string[]> {
    const now = await this.#deviceIds(name);
    return now.filter((instanceId) => !before.includes(instanceId));
  }

  async #takeBack(reason: unknown, instanceIds: string[]): Promise<never> {
    const [instanceId = ''] = instanceIds;
    const left = `The card ${instanceId} is still there; destroy it yourself.`;
    return undoAndThrow(reason, left, async () => {
      try {
        await this.#destroy(instanceId, {});
      } catch (error) {
        // The manager was still taking it back itself.
        if (!VirtualSmartCardError.is(error, 'ERR_CARD_NOT_FOUND')) throw error;
      }
    });
  }
}

/** Each status that is told holds up the manager for a moment. */
function reports({ onProgress }: LongCallOptions): ManagerReports {
  return { tellsStatus: onProgress !== undefined };
}

/** Brings the manager's stages to `onProgress`, and tells of cards that came too late for anybody. */
function listener({ onProgress, signal }: LongCallOptions): NativeEventListener {
  return (name, value) => {
    if (name === 'status') {
      const status = CREATION_STATUSES.find(({ code }) => code === value);
      if (status && !signal?.aborted) onProgress?.(status);
    } else if (name === 'lateCardLeft') {
      warn(
        `A call that was given up has made the card ${value}, which could not be destroyed again. Destroy it yourself.`,
      );
    } else if (name === 'lateCardDestroyed') {
      warn(`A call that was given up has made the card ${value}; it was destroyed again.`);
    }
  };
}

function warn(message: string): void {
  process.emitWarning(message, { code: 'VSC_LATE_CARD' });
}

function rebootRequired(done: string, instanceId: string): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_REBOOT_REQUIRED',
    `${done}, and Windows must be restarted before anything else can be done with it.`,
    { instanceIds: [instanceId] },
  );
}
