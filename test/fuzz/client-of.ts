import { GidsCardConnection } from '../../lib/gids/card-connection.js';
import type { ApduChannel } from '../../lib/gids/channel.js';

/** This library's client on a channel, for what it reads from the card alone. */
export function clientOf(channel: ApduChannel): GidsCardConnection {
  return new GidsCardConnection(channel, async () => {
    throw new Error('nobody asks for it');
  });
}
