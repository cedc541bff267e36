import { infError } from './inf-error.js';
import type { InfEntry } from './inf-syntax.js';
import { onlyFalse } from './inf-values.js';

const NO_ARCHIVE = "a card's key is never archived, since it never leaves its card";
const NO_PARAMETERS = 'the key is made on the card, by KeyAlgorithm and KeyLength alone';
const ONLY_SCEP = 'it belongs to RequestType = SCEP, which is not supported';

/** Keys that may say FALSE only, and why. */
const ONLY_FALSE: Record<string, string> = {
  Exportable: 'a key never leaves its card',
  ExportableEncrypted: 'a key never leaves its card',
  MachineKeySet: 'a card belongs to its holder',
  PrivateKeyArchive: NO_ARCHIVE,
  AttestPrivateKey: 'an attestation is not part of the requests made here',
};

/** Keys that no card can follow, and why. */
const REFUSED: Record<string, string> = {
  SecurityDescriptor: 'it is for keys of the machine; who may use a card says its PIN',
  EncryptionAlgorithm: NO_ARCHIVE,
  EncryptionLength: NO_ARCHIVE,
  KeyAlgorithmParameters: NO_PARAMETERS,
  PublicKey: NO_PARAMETERS,
  PublicKeyParameters: NO_PARAMETERS,
  RequesterName:
    "a request for somebody else must be signed by an enrolment agent's key, which is not supported",
  CAThumbprint: ONLY_SCEP,
  CACerts: ONLY_SCEP,
  CACapabilities: ONLY_SCEP,
  ChallengePassword: ONLY_SCEP,
  ExistingKeySet: 'certreq has no such key; UseExistingKeySet is meant',
};

const ONLY_FALSE_BY_KEY = byLowerCase(ONLY_FALSE);
const REFUSED_BY_KEY = byLowerCase(REFUSED);

/**
 * Whether it is a key of certreq's that asks for nothing, since it says FALSE.
 *
 * @throws VirtualSmartCardError `ERR_INF` with the reason for one that no card can follow
 */
export function isWithoutEffect(entry: InfEntry): boolean {
  const refused = reasonToRefuse(entry.key.toLowerCase());
  if (refused) throw infError(entry.line, `${entry.key} is not supported: ${refused}.`);
  const onlyFalseReason = ONLY_FALSE_BY_KEY.get(entry.key.toLowerCase());
  if (!onlyFalseReason) return false;
  onlyFalse(entry, onlyFalseReason);
  return true;
}

function reasonToRefuse(lowerCaseKey: string): string | undefined {
  // There is one for each number that describes a curve.
  if (lowerCaseKey.startsWith('ecckeyparameters')) return NO_PARAMETERS;
  return REFUSED_BY_KEY.get(lowerCaseKey);
}

function byLowerCase(reasons: Record<string, string>): ReadonlyMap<string, string> {
  return new Map(Object.entries(reasons).map(([key, reason]) => [key.toLowerCase(), reason]));
}
