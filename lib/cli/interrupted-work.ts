import { VirtualSmartCardError } from '../index.js';
import { isUnreturned } from '../native-call.js';
import { Interrupted } from './interruption.js';

const NOTHING = 'Nothing was changed.';
/** What the system's own manager leaves is not ours to promise. */
const BEGAN_TO_DESTROY =
  'Windows may have begun: "virtual-smartcard list" shows whether the card is still there.';

/**
 * What an interrupted program leaves, by what it was at: a verb, or where a verb does several things one
 * of them. It holds when the library has stopped (`ERR_ABORTED`) and had nothing to take back, or took
 * it back. What has gone too far to be stopped is carried out, and its result shown as without a signal.
 */
export const LEFT = {
  create: 'No card was made.',
  list: NOTHING,
  info: NOTHING,
  destroy: process.platform === 'win32' ? BEGAN_TO_DESTROY : 'The card was not destroyed.',
  certreq: NOTHING,
  'certreq -new': 'No key was made for it, and no certificate or request; what was there stays.',
  'certreq -accept': 'The certificate is not on the card; its key still waits for it.',
  'certreq -submit':
    'The CA may have got the request all the same, and may issue the certificate: look there before you submit it again.',
  'certreq -retrieve': 'No file was written; the same command asks again.',
  est: 'No file was written.',
  'est enroll':
    'The key made for it was deleted. If the CA has got the request, it may have issued a certificate, which is of no use without the key.',
  'est enroll, waiting':
    'The request is in its file and its key on the card: "est enroll" with that file asks again.',
  'est enroll, again': 'The request and its key are as they were: the same command asks again.',
  'est reenroll':
    'The card has its present certificate and key. The CA may have issued the next one: the same command asks again.',
  certificates: NOTHING,
  'certificates export': 'No file was written.',
  'certificates import-pfx':
    'Nothing of the file is on the card but, at most, certificates of CAs.',
  keys: NOTHING,
  'keys delete': 'The key is still there.',
  'keys set-default': 'The default key is the one that it was.',
  sign: 'No signature was written.',
  attest: 'No statement was written.',
  'attest verify': NOTHING,
  'attest challenge': 'No challenge was written.',
  'attest answer': 'No answer was written.',
  'verify-pin': 'No PIN was tried.',
  'change-pin': 'The PIN is the one that it was.',
  unblock: 'No new PIN was set.',
  'admin-key respond': 'No response was made.',
  'admin-key change': 'The admin key is the one that it was.',
  'admin-key derive': 'No key was shown or written.',
  tpm: NOTHING,
  'tpm reset-lockout': 'The lockout is as it was.',
  doctor: NOTHING,
  serve: 'The store is not served; what others asked for before is done or was not begun.',
  publish: 'The cards are in no reader of this program.',
  'install-reader': NOTHING,
  'uninstall-reader': NOTHING,
  'ssh-key': NOTHING,
  agent: 'The agent does not run.',
  'self-test': 'The cards that it made are destroyed.',
  help: NOTHING,
  version: NOTHING,
} as const;

/** What a program can be interrupted at. */
export type Stage = keyof typeof LEFT;

/** Said when a second signal ends the process amid its work, as a kill does. */
export const ENDED_AT_ONCE =
  'Ended at once, amid its work. The next command that opens the store puts right what that leaves;' +
  ' "virtual-smartcard doctor" shows what there is, and a key without a certificate among it.';

/** The stage at which every run of a verb begins. */
export function stageOf(verb: string): Stage {
  if (Object.hasOwn(LEFT, verb)) return verb as Stage;
  throw new TypeError(`nothing says what an interrupted "${verb}" leaves`);
}

/**
 * What is left when that error has ended the program after an interruption. Before a verb has all that
 * it asks for it does nothing; a library that could not stop, or not take back, says so itself.
 *
 * @param error - an `Interrupted`, or an `ERR_ABORTED`
 */
export function whatIsLeft(error: unknown, stage: Stage | undefined): string {
  if (!VirtualSmartCardError.is(error) || stage === undefined) return NOTHING;
  if (isUnreturned(error)) {
    return `${error.message} It may still do it: "virtual-smartcard list" and "virtual-smartcard keys" show what is there.`;
  }
  const isWhole = error.cause instanceof Interrupted;
  return isWhole ? LEFT[stage] : error.message;
}
