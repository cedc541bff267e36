import type { SelfTestPlatform } from '../self-test/report.js';

/**
 * How much a finding matters. `ok`: it is as it should be. `info`: worth knowing. `warning`: it works,
 * but not for long or not as well as it should. `error`: something does not work.
 */
export type DiagnosisSeverity = 'ok' | 'info' | 'warning' | 'error';

/** Facts of a finding, for programs. Times are in milliseconds. */
export type DiagnosisFacts = Readonly<Record<string, string | number | boolean>>;

/** One thing that {@link diagnose} looked at. */
export interface DiagnosisFinding {
  /** Its name, which stays: `tpm-lockout`, `certificate-expired`. docs/doctor.md lists them. */
  id: string;
  /** How much it matters. */
  severity: DiagnosisSeverity;
  /** What was found, in a few words. */
  title: string;
  /** More about it. */
  detail?: string;
  /** What to do about it; every warning and error has it. */
  remedy?: string;
  /** What it is about: an instance id, with `/` and the name of a container, or a path, a service, a reader. */
  subject?: string;
  /** What it found, for programs. */
  facts?: DiagnosisFacts;
}

/** What runs where. No name of the machine or the user is in it. */
export interface DiagnosisVersions extends Omit<SelfTestPlatform, 'backend'> {
  /** The native addon's file; undefined when it could not be loaded. */
  addon?: string;
  /** libtpms' file, whose name has the version; undefined where it was not needed or found. */
  libtpms?: string;
  /** pcscd's client library, the same. */
  libpcsclite?: string;
}

/** What {@link diagnose} found. It holds no PIN, PUK, admin key or private key. */
export interface DiagnosisReport {
  /** Version of this form. */
  schema: 1;
  /** When it began, ISO 8601 in UTC. */
  startedAt: string;
  /** Whose cards were looked at. */
  backend: 'embedded' | 'windows' | 'pcsc';
  /** Whether there is no error among the findings. */
  healthy: boolean;
  /** How many findings there are of each severity. */
  counts: Record<DiagnosisSeverity, number>;
  /** What runs where. */
  versions: DiagnosisVersions;
  /** In the order in which they were found. */
  findings: readonly DiagnosisFinding[];
}
