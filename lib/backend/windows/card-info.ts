import type { CardDetails } from '../../pcsc/client/card-details.js';
import type { CardInfo } from '../backend.js';
import type { VirtualReader } from './virtual-readers.js';

/** A card as `list` and `info` show it. Windows keeps it in the TPM and never lets keys in. */
export function cardInfo(reader: VirtualReader, details: CardDetails): CardInfo {
  const { isGenerated, ...known } = details;
  return {
    ...common(reader),
    ...known,
    state: isGenerated ? 'ready' : 'blank',
    stateReason: undefined,
  };
}

/** A card that does not answer. */
export function lostCardInfo(reader: VirtualReader, reason: string): CardInfo {
  return {
    ...common(reader),
    cardId: undefined,
    state: 'lost',
    stateReason: reason,
    hasPuk: undefined,
    pinTriesLeft: undefined,
    pinTriesMax: undefined,
    pukTriesLeft: undefined,
    containerCount: undefined,
  };
}

function common(reader: VirtualReader) {
  return {
    instanceId: reader.instanceId,
    name: reader.name,
    readerName: reader.readerName,
    ...(reader.atr.length > 0 && { atr: reader.atr.toString('hex') }),
    tpm: 'hardware',
    antiHammering: 'block',
    allowKeyImport: false,
  } as const;
}
