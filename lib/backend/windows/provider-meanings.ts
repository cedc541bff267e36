import type { Meaning, MeaningTable } from '../../system-meanings.js';

/** What Windows' key providers answer where the library does something about it. */
export const NteCode = {
  BAD_LEN: 0x80090004,
  BAD_DATA: 0x80090005,
  KEYSET_NOT_DEF: 0x80090019,
} as const;

const PIN =
  "Give the PIN with the call, or verify it before. If it was given, this machine's policy has Windows ask for it each time (PIN cache mode), which a program cannot answer.";
const WRONG_PIN = 'Ask for the PIN again.';
const BLOCKED_PIN =
  'The PIN is blocked after too many wrong tries. Unblock it with the PUK or the admin key.';
const NO_CONTAINER = 'List the containers of the card to see those there are.';
const CONTAINER_EXISTS = 'Choose another name, or delete that container.';
const CONTAINER_LIMIT = 'The card is full. Delete a container first.';
const ALGORITHM =
  'The card, its key or the provider cannot do this. RSA-2048 with PKCS #1 v1.5 is what every card has.';
const NOT_ALLOWED =
  "The key is not for this use (a signature key does not decrypt), or the machine's policy forbids it.";
const DIALOG = 'Somebody has closed a dialog of Windows. Call again.';
const CONSOLE = 'Call from the session at the console.';
const NO_PROVIDER =
  'This Windows lacks the smart card provider, or its file: see certutil -csplist. Repair Windows (sfc /scannow).';

/** What the providers' codes mean, and the card's below them. */
export const PROVIDER_TABLE: MeaningTable = [
  // NTE_SILENT_CONTEXT, NTE_UI_REQUIRED, SCARD_W_SECURITY_VIOLATION, _CARD_NOT_AUTHENTICATED
  ['ERR_PIN_REQUIRED', PIN, [0x80090022, 0x8009002e, 0x8010006a, 0x8010006f]],
  // SCARD_W_WRONG_CHV, NTE_INCORRECT_PASSWORD
  ['ERR_PIN_INCORRECT', WRONG_PIN, [0x8010006b, 0x80090033]],
  // SCARD_W_CHV_BLOCKED
  ['ERR_PIN_BLOCKED', BLOCKED_PIN, [0x8010006c]],
  // NTE_NO_KEY, NTE_NOT_FOUND, NTE_BAD_KEYSET, SCARD_E_NO_KEY_CONTAINER
  ['ERR_CONTAINER_NOT_FOUND', NO_CONTAINER, [0x8009000d, 0x80090011, 0x80090016, 0x80100030]],
  // NTE_EXISTS
  ['ERR_CONTAINER_EXISTS', CONTAINER_EXISTS, [0x8009000f]],
  // NTE_TOKEN_KEYSET_STORAGE_FULL
  ['ERR_CONTAINER_LIMIT', CONTAINER_LIMIT, [0x80090023]],
  // NTE_BAD_LEN, _BAD_ALGID, _NOT_SUPPORTED
  ['ERR_ALGORITHM_NOT_SUPPORTED', ALGORITHM, [NteCode.BAD_LEN, 0x80090008, 0x80090029]],
  // NTE_PERM
  ['ERR_ACCESS_DENIED', NOT_ALLOWED, [0x80090010]],
  // NTE_USER_CANCELLED, SCARD_W_CANCELLED_BY_USER
  ['ERR_WINDOWS', DIALOG, [0x80090036, 0x8010006e]],
  // NTE_NOT_ACTIVE_CONSOLE
  ['ERR_TERMINAL_SESSION', CONSOLE, [0x80090038]],
  // NTE_PROV_TYPE_NOT_DEF, _PROV_TYPE_ENTRY_BAD, _KEYSET_NOT_DEF, _KEYSET_ENTRY_BAD,
  // _PROVIDER_DLL_FAIL, _PROV_DLL_NOT_FOUND
  [
    'ERR_NOT_SUPPORTED',
    NO_PROVIDER,
    [0x80090017, 0x80090018, NteCode.KEYSET_NOT_DEF, 0x8009001a, 0x8009001d, 0x8009001e],
  ],
];

const DECRYPTION_FAILED: Meaning = {
  code: 'ERR_DECRYPTION_FAILED',
  advice:
    'The ciphertext does not belong to the key, is damaged, or was made with another padding or hash.',
};

/** What a code means of a decryption; undefined when it says nothing about the ciphertext. */
export function decryptionMeaning(hresult: number): Meaning | undefined {
  const isAboutCiphertext = hresult === NteCode.BAD_LEN || hresult === NteCode.BAD_DATA;
  return isAboutCiphertext ? DECRYPTION_FAILED : undefined;
}

/** All codes of the table, for tests. */
export const PROVIDER_HRESULTS: readonly number[] = PROVIDER_TABLE.flatMap(
  ([, , numbers]) => numbers,
);
