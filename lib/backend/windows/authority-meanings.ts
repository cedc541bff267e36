import { type Meaning, type MeaningTable, meaningsByNumber } from '../../system-meanings.js';

const UNREACHABLE =
  'Is the machine in config on, its name right, and its service "Active Directory Certificate Services" (certsvc) running? The firewall must let RPC (port 135 and the dynamic ports) through, and this machine must be able to log in there. certutil -ping -config "MACHINE\\NAME" tries the same.';
const NO_AUTHORITY =
  'Does the machine have an authority of that name? certutil lists those of the domain; write it as MACHINE\\NAME.';
const NO_CLIENT =
  "The machine in config has no certification authority, or this Windows lacks its client (certcli.dll), which is part of Windows' desktop.";
const BUSY = 'The authority is suspended, stops, or has too much to do. Try again later.';
const TEMPLATE =
  "Name a template that this authority issues by its short name, as in the attribute CertificateTemplate: certutil -CATemplates lists them, and new ones are seen when Active Directory's copies have them.";
const RIGHTS =
  'The caller must have the right to enrol, at the template and at the authority. Rights by a group count from the next log-in on.';
const OFFICER = 'An officer of the authority has refused the request. Ask there for the reason.';
const NO_REQUEST =
  "Is it the number of a request to this very authority? It tells it when it takes one, and the authority's console lists them.";
const STATUS = "The request is not in a state for that: see it in the authority's console.";
const UNREADABLE =
  'The authority cannot read the request, or its signature is wrong. Make it anew, or look at it: certutil -dump FILE.';
const POLICY =
  'The request lacks what the template asks for, or has what it forbids: the names, the length of the key, signatures, the certificate to be renewed. The message says which.';

const TABLE: MeaningTable = [
  // RPC_S_SERVER_UNAVAILABLE, _UNKNOWN_IF, _CALL_FAILED, _CALL_FAILED_DNE, EPT_S_NOT_REGISTERED,
  // RPC_E_SERVER_DIED, _SERVER_DIED_DNE, _DISCONNECTED, OR_INVALID_OXID, CO_E_SERVER_EXEC_FAILURE
  [
    'ERR_CA_UNAVAILABLE',
    UNREACHABLE,
    [
      0x800706ba, 0x800706b5, 0x800706be, 0x800706bf, 0x800706d9, 0x80010007, 0x80010012,
      0x80010108, 0x80070776, 0x80080005,
    ],
  ],
  // ERROR_BAD_NETPATH, _NETWORK_UNREACHABLE, _HOST_UNREACHABLE, _TIMEOUT, WSAHOST_NOT_FOUND, and of an
  // address of the web: ERROR_WINHTTP_TIMEOUT, _NAME_NOT_RESOLVED, _CANNOT_CONNECT
  [
    'ERR_CA_UNAVAILABLE',
    UNREACHABLE,
    [
      0x80070035, 0x800704cf, 0x800704d0, 0x800705b4, 0x80072af9, 0x80072ee2, 0x80072ee7,
      0x80072efd,
    ],
  ],
  // RPC_S_SERVER_TOO_BUSY, CERTSRV_E_SERVER_SUSPENDED, _NO_DB_SESSIONS
  ['ERR_CA_UNAVAILABLE', BUSY, [0x800706bb, 0x80094006, 0x8009400f]],
  // E_INVALIDARG, ERROR_FILE_NOT_FOUND, ERROR_NOT_FOUND
  ['ERR_CA_UNAVAILABLE', NO_AUTHORITY, [0x80070057, 0x80070002, 0x80070490]],
  // REGDB_E_CLASSNOTREG
  ['ERR_CA_UNAVAILABLE', NO_CLIENT, [0x80040154]],
  // CERTSRV_E_UNSUPPORTED_CERT_TYPE, _NO_CERT_TYPE, _TEMPLATE_CONFLICT, _BAD_TEMPLATE_VERSION,
  // _UNKNOWN_CERT_TYPE
  ['ERR_CA_TEMPLATE', TEMPLATE, [0x80094800, 0x80094801, 0x80094802, 0x80094807, 0x80094813]],
  // E_ACCESSDENIED, RPC_E_ACCESS_DENIED, CERTSRV_E_RESTRICTEDOFFICER, _ENROLL_DENIED, _TEMPLATE_DENIED
  ['ERR_ACCESS_DENIED', RIGHTS, [0x80070005, 0x8001011b, 0x80094009, 0x80094011, 0x80094012]],
  // CERTSRV_E_ADMIN_DENIED_REQUEST
  ['ERR_CA_REQUEST', OFFICER, [0x80094014]],
  // CERTSRV_E_NO_REQUEST, _PROPERTY_EMPTY
  ['ERR_CA_REQUEST', NO_REQUEST, [0x80094002, 0x80094004]],
  // CERTSRV_E_BAD_REQUESTSTATUS
  ['ERR_CA_REQUEST', STATUS, [0x80094003]],
  // CRYPT_E_ASN1_CORRUPT, _EOD, _BADTAG, NTE_BAD_SIGNATURE, ERROR_INVALID_DATA, CERTSRV_E_ENCODING_LENGTH
  [
    'ERR_CA_REQUEST',
    UNREADABLE,
    [0x80093103, 0x80093102, 0x8009310b, 0x80090006, 0x8007000d, 0x80094007],
  ],
  // CERTSRV_E_BAD_REQUESTSUBJECT, _BAD_REQUEST_KEY_ARCHIVAL, _BAD_RENEWAL_CERT_ATTRIBUTE,
  // _SUBJECT_ALT_NAME_REQUIRED to _BAD_RENEWAL_SUBJECT, _TEMPLATE_POLICY_REQUIRED to
  // _SUBJECT_EMAIL_REQUIRED, _CERT_TYPE_OVERLAP
  [
    'ERR_CA_REQUEST',
    POLICY,
    [
      0x80094001, 0x8009400c, 0x8009400e, 0x80094803, 0x80094804, 0x80094805, 0x80094806,
      0x80094808, 0x80094809, 0x8009480a, 0x8009480b, 0x8009480c, 0x8009480d, 0x8009480e,
      0x8009480f, 0x80094810, 0x80094811, 0x80094812, 0x80094814,
    ],
  ],
];

const MEANINGS = meaningsByNumber(TABLE);

/** What a code means of a request to a certification authority; undefined when it is none of theirs. */
export function authorityMeaning(hresult: number): Meaning | undefined {
  return MEANINGS.get(hresult);
}

/** All codes of the table, for tests. */
export const AUTHORITY_HRESULTS: readonly number[] = [...MEANINGS.keys()];
