import { VirtualSmartCardError } from '../../errors.js';
import { Scard, scardMeanings } from '../../pcsc/client/scard-codes.js';
import { type MeaningTable, meaningsByNumber } from '../../system-meanings.js';

const INSTALL =
  'Install it: "apt install pcscd" on Debian and Ubuntu, "dnf install pcsc-lite" on Fedora.';
const SERVICE =
  'Start pcscd: "systemctl start pcscd.socket" as root; where it is missing, "apt install pcscd" or "dnf install pcsc-lite" installs it.';
const SERVICE_ENDED = 'pcscd ended, or was started again. Call again.';
const ACCESS =
  'pcscd lets only some users in: polkit rules decide (org.debian.pcsc-lite.access_pcsc and access_card).';
const CARD_MUTE = 'The card does not answer. Take it out and put it in again.';

const NOT_TRANSMITTED =
  'The reader lost the card, or the command on the way to it. Look at the card, and call again.';

const TABLE: MeaningTable = [
  ...scardMeanings({ service: SERVICE, mute: CARD_MUTE, other: 'ERR_READER' }),
  // Of a handle that a pcscd gave which is no more; and a connection to it that broke.
  ['ERR_SMART_CARD_SERVICE', SERVICE_ENDED, [Scard.INVALID_HANDLE, Scard.COMM_ERROR]],
  ['ERR_READER', NOT_TRANSMITTED, [Scard.NOT_TRANSACTED]],
  // SCARD_W_SECURITY_VIOLATION, SCARD_E_NO_ACCESS
  ['ERR_ACCESS_DENIED', ACCESS, [0x8010006a, 0x80100027]],
];
const MEANINGS = meaningsByNumber(TABLE);

/** After these a handle is of no use any more, whether or not the card is still there. */
const ENDS_HANDLE: readonly number[] = [
  Scard.PROTO_MISMATCH,
  Scard.INVALID_HANDLE,
  Scard.COMM_ERROR,
  Scard.NO_SERVICE,
  Scard.SERVICE_STOPPED,
  Scard.REMOVED_CARD,
  Scard.NO_SMARTCARD,
  Scard.READER_UNAVAILABLE,
  Scard.UNKNOWN_READER,
];

/** The one place where what pcscd and its library answered becomes an error of the library. */
export function pcscError(error: unknown): unknown {
  if (error instanceof VirtualSmartCardError || !isNativeError(error)) return error;
  const sentence = `${error.message.replace(/\.$/, '')}.`;
  if (error.code === 'PCSC_NOT_FOUND') {
    return new VirtualSmartCardError('ERR_SMART_CARD_SERVICE', `${sentence} ${INSTALL}`, {
      cause: error,
    });
  }
  if (error.code === 'CLOSED') {
    return new VirtualSmartCardError('ERR_CLOSED', sentence, { cause: error });
  }
  const { hresult } = error;
  const meaning = hresult === undefined ? undefined : MEANINGS.get(hresult);
  return new VirtualSmartCardError(
    meaning?.code ?? 'ERR_READER',
    [sentence, ...(meaning ? [meaning.advice] : [])].join(' '),
    { cause: error, ...(hresult !== undefined && { hresult }) },
  );
}

/** Whether the error ends the handle to a card. */
export function endsHandle(error: unknown): boolean {
  return (
    VirtualSmartCardError.is(error) &&
    error.hresult !== undefined &&
    ENDS_HANDLE.includes(error.hresult)
  );
}

function isNativeError(error: unknown): error is Error & { code: string; hresult?: number } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
