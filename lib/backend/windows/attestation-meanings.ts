import { type Meaning, type MeaningTable, meaningsByNumber } from '../../system-meanings.js';

const CLASSES =
  "This Windows does not tell it: that takes the Windows Runtime's classes for smart cards (Windows.Devices.SmartCards), which came with Windows 10's desktop.";
const REFUSED =
  'Windows refuses the question: try it as an administrator. It may keep the answer for packaged apps with the capability sharedUserCertificates.';
const NO_CARD =
  "The Windows Runtime knows no card in a reader of that name. List the cards to see what is there, and see the device manager under 'Smart card readers'.";
const CANCELLED = 'Windows has cancelled the question. Call again.';

const TABLE: MeaningTable = [
  // ERROR_MOD_NOT_FOUND, _PROC_NOT_FOUND, REGDB_E_CLASSNOTREG, E_NOINTERFACE, E_NOTIMPL
  ['ERR_NOT_SUPPORTED', CLASSES, [0x8007007e, 0x8007007f, 0x80040154, 0x80004002, 0x80004001]],
  // E_ACCESSDENIED, APPMODEL_ERROR_NO_PACKAGE
  ['ERR_ACCESS_DENIED', REFUSED, [0x80070005, 0x80073d54]],
  // ERROR_NOT_FOUND, ERROR_FILE_NOT_FOUND, SCARD_E_UNKNOWN_READER, _NO_SMARTCARD, SCARD_W_REMOVED_CARD
  ['ERR_CARD_NOT_FOUND', NO_CARD, [0x80070490, 0x80070002, 0x80100009, 0x8010000c, 0x80100069]],
  // ERROR_CANCELLED
  ['ERR_WINDOWS', CANCELLED, [0x800704c7]],
];

const MEANINGS = meaningsByNumber(TABLE);

/** What a code means of the question for a card's attestation key; undefined when it is a general one. */
export function attestationMeaning(hresult: number): Meaning | undefined {
  return MEANINGS.get(hresult);
}

/** All codes of the table, for tests. */
export const ATTESTATION_HRESULTS: readonly number[] = [...MEANINGS.keys()];
