import { scardMeanings } from '../../pcsc/client/scard-codes.js';
import { type Meaning, type MeaningTable, meaningsByNumber } from '../../system-meanings.js';
import { attestationMeaning } from './attestation-meanings.js';
import { authorityMeaning } from './authority-meanings.js';
import { type CredentialPurpose, credentialMeaning } from './credential-meanings.js';
import { decryptionMeaning, PROVIDER_TABLE } from './provider-meanings.js';

/** What a call was made for, where the same code means different things. */
export type Purpose = CredentialPurpose | 'decrypt' | 'requestCertificate' | 'attestationKey';

const ELEVATION =
  'Start the program as an administrator, or open the manager with { allowElevationPrompt: true } so that Windows asks.';
const PROMPT_IMPOSSIBLE =
  'Windows cannot ask for an administrator here. Start the program as an administrator.';
const ACCESS =
  'The caller must be an administrator of the machine, logged on to it: PowerShell remoting and services without that do not do.';
const SESSION =
  'Windows makes and destroys virtual smart cards only outside of Remote Desktop: use the console, or in Hyper-V a basic session.';
const ARCHITECTURE =
  "Node and the addon must be of the processor's own architecture: on Windows on ARM use Node for arm64, not an x64 Node under emulation.";
const MISSING =
  'This Windows has no TPM virtual smart cards: they need Windows 8 or Server 2012 and later, with its desktop components.';
const SERVER =
  "Windows' virtual smart card manager did not start, or ended within the call. List the cards to see what is there, then try again.";
const UNREACHABLE =
  'The machine did not answer: is it on, is its name right, and does its firewall let "TPM Virtual Smart Card Management" in? On this machine: Windows\' virtual smart card manager ended; try again.';
const NO_TPM =
  "See that the machine has a TPM and that the firmware's set-up enables it (tpm.msc shows it).";
const TPM_SERVICE = 'Start the TPM Base Services (services.msc).';
const NOT_READY =
  'The TPM is not provisioned. Open tpm.msc and prepare the TPM; Windows may want a restart.';
const LOCKED =
  "Wait, or have an administrator reset the TPM's lockout (virtual-smartcard tpm reset-lockout).";
const NV_FULL = 'Destroy a card, or free NV indices that nothing uses.';
const RESTART = 'Restart Windows, then call again.';
const SERVICE = 'Start the Smart Card service: sc start SCardSvr, as an administrator.';
const CARD_MUTE =
  "The card does not answer. See the device manager under 'Smart card readers', or restart Windows.";
const NEWER =
  'This Windows is too old for the option: a PIN policy needs Windows 8.1, attestation Windows 10.';
const BLOCKED_COMMAND =
  'Windows does not let programs send this command; an administrator may have to run this one.';

const TABLE: MeaningTable = [
  ...PROVIDER_TABLE,
  ['ERR_ELEVATION_REQUIRED', ELEVATION, [0x800702e4]],
  // CO_E_MISSING_DISPLAYNAME, _RUNAS_VALUE_MUST_BE_AAA, _ELEVATION_DISABLED
  ['ERR_ELEVATION_REQUIRED', PROMPT_IMPOSSIBLE, [0x80080015, 0x80080016, 0x80080017]],
  [
    'ERR_ELEVATION_REFUSED',
    "The user said no to Windows' question. Ask again, or not.",
    [0x800704c7],
  ],
  // E_ACCESSDENIED, RPC_E_ACCESS_DENIED, TBS_E_ACCESS_DENIED, SCARD_E_NO_ACCESS
  ['ERR_ACCESS_DENIED', ACCESS, [0x80070005, 0x8001011b, 0x80284012, 0x80100027]],
  ['ERR_TERMINAL_SESSION', SESSION, [0x800704d3]],
  ['ERR_ARCHITECTURE', ARCHITECTURE, [0x800700c1]],
  // REGDB_E_CLASSNOTREG, MK_E_SYNTAX and MK_E_CANTOPENFILE-like answers of an unknown moniker
  ['ERR_NOT_SUPPORTED', MISSING, [0x80040154, 0x800401e4, 0x800401ea]],
  ['ERR_NOT_SUPPORTED', NEWER, [0x80004002]],
  // CO_E_SERVER_EXEC_FAILURE, RPC_S_CALL_FAILED, _CALL_FAILED_DNE, RPC_E_SERVER_DIED, _SERVER_DIED_DNE, _DISCONNECTED
  [
    'ERR_MANAGER_UNAVAILABLE',
    SERVER,
    [0x80080005, 0x800706be, 0x800706bf, 0x80010007, 0x80010012, 0x80010108],
  ],
  // RPC_S_SERVER_UNAVAILABLE, _UNKNOWN_IF, EPT_S_NOT_REGISTERED
  ['ERR_MANAGER_UNAVAILABLE', UNREACHABLE, [0x800706ba, 0x800706b5, 0x800706d9]],
  // NTE_DEVICE_NOT_FOUND, TBS_E_TPM_NOT_FOUND
  ['ERR_TPM_UNAVAILABLE', NO_TPM, [0x80090035, 0x8028400f]],
  // TBS_E_INTERNAL_ERROR, _IOERROR, _SERVICE_NOT_RUNNING, _SERVICE_START_PENDING, _SERVICE_DISABLED
  [
    'ERR_TPM_UNAVAILABLE',
    TPM_SERVICE,
    [0x80284001, 0x80284006, 0x80284008, 0x8028400b, 0x80284010],
  ],
  // NTE_DEVICE_NOT_READY, TBS_E_PROVISIONING_NOT_ALLOWED, _OWNERAUTH_NOT_FOUND,
  // _PROVISIONING_INCOMPLETE, TPM_E_PCP_DEVICE_NOT_READY, TPM_E_DEACTIVATED, _DISABLED, _NOSRK,
  // _NO_ENDORSEMENT, TPM_20_E_DISABLED
  [
    'ERR_TPM_NOT_READY',
    NOT_READY,
    [
      0x80090030, 0x80284013, 0x80284015, 0x80284016, 0x80290401, 0x80280006, 0x80280007,
      0x80280012, 0x80280023, 0x80280120,
    ],
  ],
  ['ERR_TPM_NOT_READY', 'Another program has the TPM to itself; try again.', [0x80284017]],
  ['ERR_REBOOT_REQUIRED', RESTART, [0x80284018]],
  // TPM_20_E_LOCKOUT, TPM_E_DEFEND_LOCK_RUNNING, TPM_E_LOCKED_OUT of the platform crypto provider
  ['ERR_TPM_LOCKED_OUT', LOCKED, [0x80280921, 0x80280803, 0x8029041b]],
  // TPM_20_E_AUTH_FAIL, _BAD_AUTH, TPM_E_AUTHFAIL, TPM_E_PCP_AUTHENTICATION_FAILED
  [
    'ERR_TPM_AUTHORIZATION',
    'The TPM refused the authorisation that Windows holds for it; clear and prepare it in tpm.msc, which ends all of its cards.',
    [0x8028008e, 0x802800a2, 0x80280001, 0x80290408],
  ],
  // TPM_20_E_NV_SPACE, TPM_E_NOSPACE
  ['ERR_TPM_NV_FULL', NV_FULL, [0x8028014b, 0x80280011]],
  ['ERR_TPM_COMMAND', BLOCKED_COMMAND, [0x80280400]],
  [
    'ERR_TPM_COMMAND',
    "The TPM's maker must mend it: Windows blocks its weak RSA keys (ADV170012). Update the TPM's firmware.",
    [0x8029041f],
  ],
  ...scardMeanings({ service: SERVICE, mute: CARD_MUTE, other: 'ERR_WINDOWS' }),
];

const MEANINGS = meaningsByNumber(TABLE);

/** FACILITY_TPM_SERVICES 0x28, whose codes below 0x4000 are the TPM's own answers. */
const TPM_ANSWERS = { first: 0x80280000, last: 0x80283fff };

/** What a system code means; undefined when the library does not know it. */
export function meaningOf(hresult: number, purpose?: Purpose): Meaning | undefined {
  const specific = purpose && specificMeaning(hresult, purpose);
  if (specific) return specific;
  const known = MEANINGS.get(hresult);
  if (known) return known;
  if (tpmCodeOf(hresult) === undefined) return undefined;
  return { code: 'ERR_TPM_COMMAND', advice: 'Look tpmCode up.' };
}

function specificMeaning(hresult: number, purpose: Purpose): Meaning | undefined {
  if (purpose === 'decrypt') return decryptionMeaning(hresult);
  if (purpose === 'requestCertificate') return authorityMeaning(hresult);
  if (purpose === 'attestationKey') return attestationMeaning(hresult);
  return credentialMeaning(hresult, purpose);
}

/** The TPM's own response code in a system code, if it is one. */
export function tpmCodeOf(hresult: number): number | undefined {
  const isAnswer = hresult >= TPM_ANSWERS.first && hresult <= TPM_ANSWERS.last;
  return isAnswer ? hresult - TPM_ANSWERS.first : undefined;
}

/** All codes with a meaning, for tests. */
export const KNOWN_HRESULTS: readonly number[] = [...MEANINGS.keys()];
