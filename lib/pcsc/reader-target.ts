import { join } from 'node:path';
import type { ReaderFraming } from './reader-request.js';
import { slotFraming } from './slot-framing.js';
import { vpcdFraming } from './vpcd-framing.js';

/** Where the card of one instance is put: a slot of our own driver, or a port of vpcd's. */
export interface ReaderTarget {
  address: { path: string } | { host: string; port: number };
  framing: ReaderFraming;
  /** What pcscd calls the reader. */
  readerName: string;
}

/** Says for each card where it goes: the same place at every start. */
export type ChooseTarget = (instance: number) => ReaderTarget;

/** FRIENDLYNAME of our reader's configuration. */
export const READER_NAME = 'Virtual Smart Card';

/** FRIENDLYNAME of the configuration that vpcd comes with. */
const VPCD_READER_NAME = 'Virtual PCD';

/** A slot of our own driver. */
export function slotTargets(directory: string): ChooseTarget {
  return (instance) => ({
    address: { path: join(directory, `slot-${instance}`) },
    framing: slotFraming,
    readerName: pcscdName(READER_NAME, instance),
  });
}

/** A slot of vpcd, which listens on one port for each. */
export function vpcdTargets(firstPort: number): ChooseTarget {
  return (instance) => ({
    address: { host: '127.0.0.1', port: firstPort + instance },
    framing: vpcdFraming,
    readerName: pcscdName(VPCD_READER_NAME, instance),
  });
}

/** pcscd adds two hexadecimal numbers to the configured name: of the reader, and of its slot. */
function pcscdName(name: string, slot: number): string {
  return `${name} 00 ${slot.toString(16).toUpperCase().padStart(2, '0')}`;
}
