import type { CardState } from '../../lib/gids/card-state.js';
import type { ApduChannel } from '../../lib/gids/channel.js';
import type { CardSecrets } from './secrets.js';

/** A card that is fuzzed. */
export interface FuzzTarget {
  /** Its secrets when it was new. */
  readonly secrets: Readonly<CardSecrets>;
  /** A further channel to it. */
  connect(): Promise<ApduChannel>;
  /** What it holds; undefined where that cannot be seen from outside. */
  readonly state: CardState | undefined;
  /** Private key operations so far, where that can be seen. */
  readonly keyUses: number;
  /** Whether anybody may set it up, since it is not activated. */
  readonly isBlank: boolean;
}
