import { onTestFinished } from 'vitest';
import type { CardConnection } from '../../../../lib/backend/backend.js';
import {
  WindowsBackend,
  type WindowsBackendOptions,
} from '../../../../lib/backend/windows/windows-backend.js';
import { TestCard } from '../../../support/gids-card.js';
import { FakeAddon, FakeCall, nativeError } from './fake-addon.js';
import { FakeCardHandle } from './fake-card-handle.js';

/** A card on a Windows of fakes: one card in software, which the service and both providers reach. */
export class WindowsCard {
  readonly card: TestCard;
  readonly addon = new FakeAddon();
  readonly instanceId = this.addon.add('A card');
  readonly handles: FakeCardHandle[] = [];
  readonly backend: WindowsBackend;
  readonly readerName: string;

  private constructor(card: TestCard, options: WindowsBackendOptions) {
    this.card = card;
    const [reader] = this.addon.readers;
    if (!reader) throw new Error('the card has no reader');
    this.readerName = reader.readerName;
    this.addon.cards.set(this.readerName, card);
    this.addon.connect = (name) => {
      const found = this.addon.cards.get(name);
      if (!found) return FakeCall.rejected(nativeError('HRESULT', { hresult: 0x80100009 }));
      const handle = new FakeCardHandle(found.channel());
      this.handles.push(handle);
      return FakeCall.resolved(handle);
    };
    // A provider would wait for our transaction, and we for the provider.
    this.addon.intercept = (call) => {
      if (!this.handles.some(({ inTransaction }) => inTransaction)) return undefined;
      return FakeCall.rejected(new Error(`${call} came within a transaction of our own`));
    };
    this.backend = new WindowsBackend(this.addon, options);
  }

  static async open(
    options: WindowsBackendOptions = {},
    card = new TestCard(),
  ): Promise<WindowsCard & { connection: CardConnection }> {
    const windows = new WindowsCard(card, options);
    const connection = await windows.backend.connect(windows.instanceId);
    onTestFinished(() => windows.backend.close());
    return Object.assign(windows, { connection });
  }

  /** Puts something in front of the calls of one function of a provider. */
  on(name: string, act: () => FakeCall<never> | undefined): void {
    const before = this.addon.intercept;
    this.addon.intercept = (call) => (call.startsWith(name) ? act() : undefined) ?? before(call);
  }

  /** The calls of the providers since the last time. */
  takeCalls(): string[] {
    return this.addon.keyCalls.splice(0);
  }
}

/** An answer of Windows. */
export function answer(hresult: number): FakeCall<never> {
  return FakeCall.rejected(nativeError('HRESULT', { hresult }));
}
