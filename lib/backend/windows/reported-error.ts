import type { Meaning } from '../../system-meanings.js';

/** A TPMVSCMGR_ERROR ([MS-TPMVSC] 2.2.1.2): which step of the manager's failed. */
export interface ReportedError {
  number: number;
  name: string;
  /** What failed, as a sentence without its end. */
  text: string;
  /** Where the step alone tells what to do; else the system code does. */
  meaning?: Meaning;
}

const REPORTED: readonly ReportedError[] = [
  reported('IMPERSONATION', 'the manager could not act as the caller', {
    code: 'ERR_ACCESS_DENIED',
    advice: 'The caller must be an administrator of the machine, logged on to it.',
  }),
  reported('PIN_COMPLEXITY', 'the PIN or PUK breaks the rules for its length or characters', {
    code: 'ERR_PIN_POLICY',
    advice: 'Choose another PIN or PUK, or another policy; no card was made.',
  }),
  reported('READER_COUNT_LIMIT', 'Windows has as many smart card readers as it allows', {
    code: 'ERR_CARD_LIMIT',
    advice: 'Destroy a card: Windows allows ten readers, physical and virtual together.',
  }),
  reported('TERMINAL_SERVICES_SESSION', 'the program runs in a Remote Desktop session', {
    code: 'ERR_TERMINAL_SESSION',
    advice:
      'Windows makes and destroys virtual smart cards only outside of Remote Desktop: use the console, or in Hyper-V a basic session.',
  }),
  reported('VTPMSMARTCARD_INITIALIZE', 'the TPM side of the card could not be initialised'),
  reported('VTPMSMARTCARD_CREATE', 'the TPM side of the card could not be made'),
  reported('VTPMSMARTCARD_DESTROY', 'the TPM side of the card could not be destroyed'),
  reported('VGIDSSIMULATOR_INITIALIZE', 'the card simulator could not be initialised'),
  reported('VGIDSSIMULATOR_CREATE', 'the card simulator could not be made'),
  reported('VGIDSSIMULATOR_DESTROY', 'the card simulator could not be destroyed'),
  reported('VGIDSSIMULATOR_WRITE_PROPERTY', 'the card simulator could not be configured'),
  reported('VGIDSSIMULATOR_READ_PROPERTY', 'there is no card of that instance id', {
    code: 'ERR_CARD_NOT_FOUND',
    advice: 'List the cards to see their instance ids.',
  }),
  reported('VREADER_INITIALIZE', "the card's reader could not be initialised"),
  reported('VREADER_CREATE', "the card's reader could not be made"),
  reported('VREADER_DESTROY', "the card's reader could not be destroyed"),
  reported('GENERATE_LOCATE_READER', 'the new card could not be reached'),
  reported('GENERATE_FILESYSTEM', "the card's file system could not be written"),
  reported('CARD_CREATE', 'the card could not be made'),
  reported('CARD_DESTROY', 'the card could not be destroyed'),
].map((entry, number) => ({ number, ...entry }));

/** What the manager reported; undefined for a number it does not have. */
export function reportedError(number: number | undefined): ReportedError | undefined {
  return number === undefined ? undefined : REPORTED[number];
}

/** All 19, in the order of their numbers. */
export const REPORTED_ERRORS: readonly ReportedError[] = REPORTED;

function reported(name: string, text: string, meaning?: Meaning): Omit<ReportedError, 'number'> {
  return { name, text, ...(meaning && { meaning }) };
}
