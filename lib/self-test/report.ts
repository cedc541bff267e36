/**
 * How a step ended. `not-supported`: the TPM or the platform does not offer what it is about, which is
 * no fault. `left-out`: the caller did not want it. `not-run`: something before it failed.
 */
export type SelfTestOutcome = 'passed' | 'failed' | 'not-supported' | 'left-out' | 'not-run';

/** Facts that a step found, for whoever reads the report. */
export type SelfTestDetails = Readonly<
  Record<string, string | number | boolean | readonly (string | number)[]>
>;

/** A failure as the report has it. Codes are written as they are looked up: `0x8010000B`. */
export interface SelfTestError {
  /** The `code` of a VirtualSmartCardError; `UNEXPECTED_RESULT` when a call did not fail but gave something wrong. */
  code: string;
  /** What happened; no secret is in it. */
  message: string;
  /** Windows HRESULT. */
  hresult?: string;
  /** ISO 7816-4 status word. */
  statusWord?: string;
  /** TPM 2.0 response code. */
  tpmCode?: string;
  /** The step of Windows' manager that failed. */
  reportedError?: string;
  /** Tries that were left. */
  triesLeft?: number;
  /** The errors below this one, outermost first. */
  causes?: readonly SelfTestCause[];
}

/** An error below another: its codes alone. */
export type SelfTestCause = Omit<SelfTestError, 'message' | 'causes' | 'triesLeft'>;

/** One step of the self-test. */
export interface SelfTestStep {
  /** Its name, which stays: `create`, `sign-rsa-2048-pkcs1`. */
  name: string;
  /** What it checks, in words. */
  title: string;
  /** How it ended. */
  outcome: SelfTestOutcome;
  /** Time it took, for information. */
  durationMs: number;
  /** What it found. */
  details?: SelfTestDetails;
  /** Why it failed, or what says that it is not supported. */
  error?: SelfTestError;
  /** Why it was not run or left out. */
  reason?: string;
}

/** What the test ran on. No name of the machine or the user is in it. */
export interface SelfTestPlatform {
  /** Version of this package. */
  packageVersion: string;
  /** Whose cards were tested. */
  backend: 'embedded' | 'windows';
  /** Version of Node. */
  node: string;
  /** Version of its Node-API. */
  nodeApi: string;
  /** Architecture that Node was built for. */
  arch: string;
  /** The operating system as Node names it: `win32`, `linux`. */
  platform: string;
  /** Its release, on Windows with the build number. */
  osRelease: string;
  /** Its full name, as it tells it. */
  osVersion: string;
}

/** What {@link selfTest} found. It holds no PIN, PUK, admin key or private key. */
export interface SelfTestReport {
  /** Version of this form. */
  schema: 1;
  /** When it began, ISO 8601 in UTC. */
  startedAt: string;
  /** Time that all of it took. */
  durationMs: number;
  /** Whether no step failed and none that was wanted was not run. */
  passed: boolean;
  /** Whether it was stopped before its end. */
  stopped: boolean;
  /** Whether the steps that give wrong PINs were wanted. */
  wrongPins: boolean;
  /** What it ran on. */
  platform: SelfTestPlatform;
  /** How many steps ended how. */
  counts: Record<SelfTestOutcome, number>;
  /** All steps, in order. */
  steps: readonly SelfTestStep[];
  /** Instance ids of cards that the test made and could not destroy. */
  leftCards: readonly string[];
}

/** How many steps ended how. */
export function countOutcomes(steps: readonly SelfTestStep[]): Record<SelfTestOutcome, number> {
  const counts = { passed: 0, failed: 0, 'not-supported': 0, 'left-out': 0, 'not-run': 0 };
  for (const { outcome } of steps) counts[outcome] += 1;
  return counts;
}
