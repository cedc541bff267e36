import type { VirtualSmartCardError } from '../../errors.js';
import { formatInstanceId } from '../../instance-id.js';
import type { CardInfo } from '../backend.js';

/** A card that nothing can be done with but to look at it and to destroy it. */
export interface LostCard {
  name: string;
  reason: VirtualSmartCardError;
}

/** What can be known of a lost card. */
export function lostCardInfo(instance: number, card: LostCard, tpm: CardInfo['tpm']): CardInfo {
  return {
    instanceId: formatInstanceId(instance),
    name: card.name,
    cardId: undefined,
    readerName: undefined,
    state: 'lost',
    stateReason: card.reason.message,
    tpm,
    antiHammering: undefined,
    allowKeyImport: undefined,
    hasPuk: undefined,
    pinTriesLeft: undefined,
    pinTriesMax: undefined,
    pukTriesLeft: undefined,
    containerCount: undefined,
  };
}
