import type { Purpose as CardPurpose } from '../../gids/status-error.js';
import type { Meaning } from '../../system-meanings.js';

/** What is done with a PIN, PUK or admin key: the same code means different things. */
export type CredentialPurpose = Extract<
  CardPurpose,
  | 'verifyPin'
  | 'changePin'
  | 'resetPinByPuk'
  | 'resetPinByAdmin'
  | 'authenticateAdmin'
  | 'setAdminKey'
>;

/** What a card's module answers, and the providers above it. */
export const CredentialCode = {
  INVALID_PARAMETER: 0x80100004,
  UNSUPPORTED_FEATURE: 0x80100022,
  INVALID_CHV: 0x8010002a,
  SECURITY_VIOLATION: 0x8010006a,
  WRONG_CHV: 0x8010006b,
  CHV_BLOCKED: 0x8010006c,
  CARD_NOT_AUTHENTICATED: 0x8010006f,
} as const;

type Meanings = Readonly<Record<number, Meaning>>;

const PIN: Meanings = {
  [CredentialCode.WRONG_CHV]: { code: 'ERR_PIN_INCORRECT', advice: 'The PIN is wrong.' },
  // A PIN that the card cannot have, for its length or its characters.
  [CredentialCode.INVALID_CHV]: { code: 'ERR_PIN_INCORRECT', advice: 'The PIN is wrong.' },
  [CredentialCode.CHV_BLOCKED]: {
    code: 'ERR_PIN_BLOCKED',
    advice:
      'The PIN is blocked after too many wrong tries. Unblock it with the PUK or the admin key.',
  },
};
const PUK: Meanings = {
  [CredentialCode.WRONG_CHV]: { code: 'ERR_PUK_INCORRECT', advice: 'The PUK is wrong.' },
  [CredentialCode.CHV_BLOCKED]: {
    code: 'ERR_PUK_BLOCKED',
    advice: 'The PUK is blocked after too many wrong tries. The PIN cannot be reset any more.',
  },
};
const WRONG_RESPONSE: Meaning = {
  code: 'ERR_ADMIN_KEY_INCORRECT',
  advice: "The response to the card's challenge is wrong, so the admin key is not this card's.",
};
const ADMIN_KEY: Meanings = {
  [CredentialCode.WRONG_CHV]: WRONG_RESPONSE,
  [CredentialCode.SECURITY_VIOLATION]: WRONG_RESPONSE,
  [CredentialCode.CARD_NOT_AUTHENTICATED]: WRONG_RESPONSE,
  [CredentialCode.CHV_BLOCKED]: {
    code: 'ERR_ADMIN_KEY_INCORRECT',
    advice: 'The card takes no responses any more, after too many wrong ones.',
  },
};
const PIN_POLICY: Meaning = {
  code: 'ERR_PIN_POLICY',
  advice: "The new PIN breaks the card's PIN policy.",
};
/** What else is given is right by then, or is refused by another code. */
const NEW_PIN: Meanings = {
  [CredentialCode.INVALID_CHV]: PIN_POLICY,
  [CredentialCode.INVALID_PARAMETER]: PIN_POLICY,
};
const NOT_OFFERED: Meaning = {
  code: 'ERR_NOT_SUPPORTED',
  advice: "The card's module does not do this.",
};

const MEANINGS: Readonly<Record<CredentialPurpose, Meanings>> = {
  verifyPin: PIN,
  changePin: { ...PIN, ...NEW_PIN },
  // That a module takes a PUK at all is written nowhere: the card itself knows what is wrong.
  resetPinByPuk: { ...PUK, ...NEW_PIN, [CredentialCode.INVALID_PARAMETER]: NOT_OFFERED },
  resetPinByAdmin: { ...ADMIN_KEY, ...NEW_PIN },
  authenticateAdmin: ADMIN_KEY,
  setAdminKey: ADMIN_KEY,
};

/** What a code means of a PIN, PUK or admin key; undefined when it says nothing about them. */
export function credentialMeaning(
  hresult: number,
  purpose: CredentialPurpose,
): Meaning | undefined {
  if (hresult === CredentialCode.UNSUPPORTED_FEATURE) return NOT_OFFERED;
  return MEANINGS[purpose][hresult];
}
