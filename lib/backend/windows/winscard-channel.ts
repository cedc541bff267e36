import type { WindowsAddon, WindowsCardHandle } from '../../native-windows.js';
import { type Leaving, ReaderChannel } from '../../pcsc/client/reader-channel.js';
import type { Purpose } from './hresults.js';
import type { TimeLimits } from './limits.js';
import { awaitCall } from './system-call.js';

/** What cards are reached by. */
export interface CardSystem {
  addon: WindowsAddon;
  limits: Pick<TimeLimits, 'query' | 'command' | 'key' | 'grace'>;
}

/** A card in a reader of Windows. */
export class WinscardChannel extends ReaderChannel<WindowsCardHandle, Purpose> {
  /**
   * @throws VirtualSmartCardError `ERR_CARD_NOT_FOUND` when the reader or its card is gone,
   * `ERR_SMART_CARD_SERVICE`, `ERR_ACCESS_DENIED`, `ERR_TIMEOUT`, `ERR_WINDOWS`
   */
  static async open(
    { addon, limits }: CardSystem,
    readerName: string,
    leaving: Leaving,
  ): Promise<WinscardChannel> {
    const connect = () =>
      awaitCall(() => addon.connectCard(readerName), {
        timeoutMs: limits.query,
        graceMs: 0,
        what: 'Connecting to the card',
      });
    const access = {
      connect,
      wait: <T>(start: Parameters<typeof awaitCall<T>>[0], purpose?: Purpose) =>
        awaitCall(start, {
          timeoutMs: limits.command,
          graceMs: 0,
          what: 'Using the card',
          purpose,
        }),
    };
    return new WinscardChannel(access, await connect(), leaving);
  }
}
