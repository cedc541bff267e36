import type { SelfTestDetails } from './report.js';

/** One check of the self-test. */
export interface Step {
  name: string;
  title: string;
  /** Steps, by name, without which it makes no sense. */
  needs?: readonly string[];
  /** Whether `ERR_NOT_SUPPORTED` and `ERR_ALGORITHM_NOT_SUPPORTED` are no failure. */
  optional?: boolean;
  /** How many wrong PINs it gives; such steps can be left out. */
  wrongPins?: number;
  /** Whether it is run even when the test was stopped or a step before did not come back: it tidies up. */
  always?: boolean;
  /** @param signal - aborted when the test is stopped, or the step takes too long */
  run(signal: AbortSignal): Promise<SelfTestDetails | undefined>;
}
