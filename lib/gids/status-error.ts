import { VirtualSmartCardError, type VirtualSmartCardErrorCode } from '../errors.js';
import { StatusWord } from './apdu.js';

/** What a command was sent for: the same status word means different things. */
export type Purpose =
  | 'select'
  | 'readFile'
  | 'writeFile'
  | 'verifyPin'
  | 'logOut'
  | 'readTries'
  | 'changePin'
  | 'resetPinByPuk'
  | 'resetPinByAdmin'
  | 'authenticateAdmin'
  | 'setAdminKey'
  | 'createKey'
  | 'importKey'
  | 'readPublicKey'
  | 'chooseKey'
  | 'sign'
  | 'decrypt'
  | 'attestKey'
  | 'deleteKey';

type Meaning = readonly [code: VirtualSmartCardErrorCode, message: string];

const PIN_BLOCKED: Meaning = [
  'ERR_PIN_BLOCKED',
  'The PIN is blocked after too many wrong tries. Unblock it with the PUK or the admin key.',
];
const PIN_REQUIRED: Meaning = [
  'ERR_PIN_REQUIRED',
  'The card wants the PIN for this. Give it with the call, or verify it before.',
];
const PIN_POLICY: Meaning = ['ERR_PIN_POLICY', "The new PIN breaks the card's PIN policy."];
const PUK_NOT_SET: Meaning = [
  'ERR_PUK_NOT_SET',
  'The card has no PUK. Unblock its PIN with the admin key.',
];
const ADMIN_KEY_INCORRECT: Meaning = [
  'ERR_ADMIN_KEY_INCORRECT',
  "The response to the card's challenge is wrong, so the admin key is not this card's.",
];
const NO_ADMIN_KEY: Meaning = ['ERR_NOT_SUPPORTED', 'The card has no admin key.'];
export const CHALLENGE_ENDED =
  "The card's challenge ended before its response came: the card was reset, or used by another program. Nothing was done; a new challenge needs a new response.";
const NOT_INITIALIZED: Meaning = [
  'ERR_CARD_NOT_INITIALIZED',
  'The card has no file system. Create it with `generate`, or let a card management system set it up.',
];
const ALGORITHM: Meaning = [
  'ERR_ALGORITHM_NOT_SUPPORTED',
  'The card cannot make or use a key of this algorithm.',
];
const NO_KEY: Meaning = ['ERR_CONTAINER_NOT_FOUND', 'The card has no key in this container.'];
const NO_ATTESTATION: Meaning = [
  'ERR_NOT_SUPPORTED',
  'This card cannot say what its TPM knows of a key. Cards of the embedded backend can.',
];
const DECRYPTION: Meaning = [
  'ERR_DECRYPTION_FAILED',
  'The ciphertext does not belong to the key, or is damaged.',
];

/** Meanings that hold for every purpose without one of its own below. */
const GENERAL: Readonly<Record<number, Meaning>> = {
  [StatusWord.MEMORY_FAILURE]: [
    'ERR_STATE_IO',
    'The card could not write to its memory. Nothing was changed.',
  ],
  [StatusWord.NOT_ENOUGH_MEMORY]: ['ERR_STATE_IO', 'The card has no memory left for this.'],
  [StatusWord.SECURITY_STATUS_NOT_SATISFIED]: PIN_REQUIRED,
  [StatusWord.AUTHENTICATION_METHOD_BLOCKED]: PIN_BLOCKED,
};

const SPECIFIC: Readonly<Partial<Record<Purpose, Readonly<Record<number, Meaning>>>>> = {
  select: {
    [StatusWord.FILE_NOT_FOUND]: ['ERR_NOT_SUPPORTED', 'The card is not a GIDS card.'],
  },
  readFile: {
    [StatusWord.FILE_NOT_FOUND]: NOT_INITIALIZED,
    [StatusWord.REFERENCED_DATA_NOT_FOUND]: NOT_INITIALIZED,
  },
  writeFile: { [StatusWord.FILE_NOT_FOUND]: NOT_INITIALIZED },
  changePin: {
    [StatusWord.WRONG_DATA]: PIN_POLICY,
    [StatusWord.WRONG_LENGTH]: PIN_POLICY,
    [StatusWord.CONDITIONS_NOT_SATISFIED]: PIN_POLICY,
  },
  resetPinByPuk: {
    [StatusWord.AUTHENTICATION_METHOD_BLOCKED]: [
      'ERR_PUK_BLOCKED',
      'The PUK is blocked after too many wrong tries. The PIN cannot be reset any more.',
    ],
    [StatusWord.REFERENCED_DATA_NOT_FOUND]: PUK_NOT_SET,
    // Of a card that knows no PUK at all.
    [StatusWord.WRONG_P1_P2]: PUK_NOT_SET,
    [StatusWord.WRONG_DATA]: PIN_POLICY,
    [StatusWord.WRONG_LENGTH]: PIN_POLICY,
  },
  resetPinByAdmin: {
    [StatusWord.SECURITY_STATUS_NOT_SATISFIED]: ADMIN_KEY_INCORRECT,
    [StatusWord.WRONG_DATA]: PIN_POLICY,
    [StatusWord.WRONG_LENGTH]: PIN_POLICY,
    [StatusWord.CONDITIONS_NOT_SATISFIED]: [
      'ERR_ADMIN_RESET_NOT_ALLOWED',
      'The card has a PUK, and only the PUK resets its PIN.',
    ],
  },
  authenticateAdmin: {
    [StatusWord.SECURITY_STATUS_NOT_SATISFIED]: ADMIN_KEY_INCORRECT,
    [StatusWord.CONDITIONS_NOT_SATISFIED]: ['ERR_ADMIN_CHALLENGE_ENDED', CHALLENGE_ENDED],
    [StatusWord.REFERENCED_DATA_NOT_FOUND]: NO_ADMIN_KEY,
    [StatusWord.REFERENCE_DATA_NOT_USABLE]: NO_ADMIN_KEY,
  },
  setAdminKey: { [StatusWord.SECURITY_STATUS_NOT_SATISFIED]: ADMIN_KEY_INCORRECT },
  createKey: {
    [StatusWord.WRONG_DATA]: ALGORITHM,
    [StatusWord.FUNCTION_NOT_SUPPORTED]: ALGORITHM,
  },
  importKey: {
    [StatusWord.CONDITIONS_NOT_SATISFIED]: [
      'ERR_KEY_IMPORT_NOT_ALLOWED',
      'The card was made without `allowKeyImport`.',
    ],
    [StatusWord.WRONG_DATA]: ALGORITHM,
    [StatusWord.REFERENCE_DATA_NOT_USABLE]: ALGORITHM,
    [StatusWord.FUNCTION_NOT_SUPPORTED]: ALGORITHM,
  },
  readPublicKey: { ...missingKey(), [StatusWord.REFERENCE_DATA_NOT_USABLE]: NO_KEY },
  deleteKey: missingKey(),
  chooseKey: {
    ...missingKey(),
    [StatusWord.REFERENCE_DATA_NOT_USABLE]: NO_KEY,
    [StatusWord.WRONG_DATA]: ALGORITHM,
    [StatusWord.CONDITIONS_NOT_SATISFIED]: ALGORITHM,
    [StatusWord.FUNCTION_NOT_SUPPORTED]: ALGORITHM,
  },
  sign: { ...missingKey(), [StatusWord.FUNCTION_NOT_SUPPORTED]: ALGORITHM },
  decrypt: {
    ...missingKey(),
    [StatusWord.FUNCTION_NOT_SUPPORTED]: ALGORITHM,
    [StatusWord.WRONG_DATA]: DECRYPTION,
    [StatusWord.WRONG_LENGTH]: DECRYPTION,
    [StatusWord.CONDITIONS_NOT_SATISFIED]: DECRYPTION,
    [StatusWord.EXECUTION_ERROR]: DECRYPTION,
  },
  attestKey: {
    ...missingKey(),
    [StatusWord.REFERENCE_DATA_NOT_USABLE]: NO_KEY,
    [StatusWord.INSTRUCTION_NOT_SUPPORTED]: NO_ATTESTATION,
    [StatusWord.CLASS_NOT_SUPPORTED]: NO_ATTESTATION,
  },
};

/**
 * The one place where a card's status word becomes an error. Where the channel knows the error
 * behind the status word (`takeFailure`), that error is the better one: it goes on, with the status
 * word.
 *
 * @param failure - what the channel's `takeFailure` gave for this status word
 */
export function statusError(
  statusWord: number,
  purpose: Purpose,
  failure?: unknown,
): VirtualSmartCardError {
  if (failure instanceof VirtualSmartCardError) {
    return failure.statusWord === undefined ? Object.assign(failure, { statusWord }) : failure;
  }
  const details = failure === undefined ? { statusWord } : { statusWord, cause: failure };
  if ((statusWord & 0xfff0) === StatusWord.WRONG_PIN) {
    return wrongReference(statusWord & 0x0f, purpose, details);
  }
  const meaning = SPECIFIC[purpose]?.[statusWord] ?? GENERAL[statusWord];
  if (meaning) return new VirtualSmartCardError(meaning[0], meaning[1], details);
  return new VirtualSmartCardError(
    'ERR_CARD_COMMAND',
    `The card refused a command (${purpose}) with status word ${formatStatusWord(statusWord)}.`,
    details,
  );
}

/** Whether an error is the card's answer with that status word. */
export function hasStatusWord(error: unknown, statusWord: number): boolean {
  return VirtualSmartCardError.is(error) && error.statusWord === statusWord;
}

/** What a card means that calls the PIN wrong and counts no try. */
export function newPinRefused(cause: VirtualSmartCardError): VirtualSmartCardError {
  const { statusWord } = cause;
  return new VirtualSmartCardError(...PIN_POLICY, {
    cause,
    ...(statusWord !== undefined && { statusWord }),
  });
}

/** An `ERR_CARD_RESPONSE`. `what` is a half-sentence about the card's data and holds no secret. */
export function cardResponseError(what: string, cause?: unknown): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_CARD_RESPONSE',
    `The card's data cannot be used: ${what}.`,
    cause === undefined ? {} : { cause },
  );
}

function wrongReference(
  triesLeft: number,
  purpose: Purpose,
  details: { statusWord: number; cause?: unknown },
): VirtualSmartCardError {
  if (purpose === 'authenticateAdmin') {
    return new VirtualSmartCardError(...ADMIN_KEY_INCORRECT, { ...details, triesLeft });
  }
  const puk = purpose === 'resetPinByPuk';
  const left = triesLeft === 0 ? 'It is now blocked' : `${triesLeft} tries are left`;
  return new VirtualSmartCardError(
    puk ? 'ERR_PUK_INCORRECT' : 'ERR_PIN_INCORRECT',
    `The ${puk ? 'PUK' : 'PIN'} is wrong. ${left}.`,
    { ...details, triesLeft },
  );
}

function missingKey(): Readonly<Record<number, Meaning>> {
  return {
    [StatusWord.FILE_NOT_FOUND]: NO_KEY,
    [StatusWord.REFERENCED_DATA_NOT_FOUND]: NO_KEY,
  };
}

function formatStatusWord(statusWord: number): string {
  return statusWord.toString(16).toUpperCase().padStart(4, '0');
}
