/** The stages of creating and destroying a card, Windows' TPMVSCMGR_STATUS ([MS-TPMVSC] 2.2.1.1). */
export type CreationStatusName = (typeof STATUSES)[number]['name'];

/** One progress report: Windows' number, name and text. */
export interface CreationStatus {
  /** 0 to 13. */
  code: number;
  /** Without TPMVSCMGR_STATUS_. */
  name: CreationStatusName;
  /** English, as tpmvscmgr prints it. */
  message: string;
}

const STATUSES = [
  status(0, 'VTPMSMARTCARD_INITIALIZING', 'Initializing the Virtual Smart Card component...'),
  status(1, 'VTPMSMARTCARD_CREATING', 'Creating the Virtual Smart Card component...'),
  status(2, 'VTPMSMARTCARD_DESTROYING', 'Destroying the Virtual Smart Card component...'),
  status(3, 'VGIDSSIMULATOR_INITIALIZING', 'Initializing the Virtual Smart Card Simulator...'),
  status(4, 'VGIDSSIMULATOR_CREATING', 'Creating the Virtual Smart Card Simulator...'),
  status(5, 'VGIDSSIMULATOR_DESTROYING', 'Destroying the Virtual Smart Card Simulator...'),
  status(6, 'VREADER_INITIALIZING', 'Initializing the Virtual Smart Card Reader...'),
  status(7, 'VREADER_CREATING', 'Creating the Virtual Smart Card Reader...'),
  status(8, 'VREADER_DESTROYING', 'Destroying the Virtual Smart Card Reader...'),
  status(9, 'GENERATE_WAITING', 'Waiting for TPM Smart Card Device...'),
  status(10, 'GENERATE_AUTHENTICATING', 'Authenticating to the TPM Smart Card...'),
  status(11, 'GENERATE_RUNNING', 'Generating filesystem on the TPM Smart Card...'),
  status(12, 'CARD_CREATED', 'TPM Smart Card created.'),
  status(13, 'CARD_DESTROYED', 'TPM Smart Card destroyed.'),
] as const;

function status<Name extends string>(code: number, name: Name, message: string) {
  return Object.freeze({ code, name, message });
}

const BY_NAME = new Map<string, CreationStatus>(STATUSES.map((entry) => [entry.name, entry]));

/** The status of that name. */
export function creationStatus(name: CreationStatusName): CreationStatus {
  const found = BY_NAME.get(name);
  if (!found) throw new RangeError(`no creation status ${name}`);
  return found;
}

/**
 * All 14, in the order of their codes.
 *
 * @example
 * ```ts
 * const onProgress = ({ code }) => bar.update(code / CREATION_STATUSES.length);
 * ```
 */
export const CREATION_STATUSES: readonly CreationStatus[] = STATUSES;
