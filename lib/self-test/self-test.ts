import {
  type AbortOptions,
  booleanOption,
  checkCallback,
  checkOptions,
  checkSignal,
} from '../arguments.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import { VirtualSmartCardManager } from '../manager.js';
import type { SelfTestReport, SelfTestStep } from './report.js';

/** How the self-test is run. */
export interface SelfTestOptions extends AbortOptions {
  /** Told of each step when it has ended. When it throws, the test is stopped. */
  onStep?: ((step: SelfTestStep) => void) | undefined;
  /** Whether the steps that give wrong PINs, 11 in all, are run; default true. */
  wrongPins?: boolean | undefined;
  /** Longest time of one step in milliseconds; default five minutes. */
  timeLimitMs?: number | undefined;
}

const OPTIONS = ['signal', 'onStep', 'wrongPins', 'timeLimitMs'];

const TIME_LIMIT_MS = 5 * 60 * 1000;

/**
 * Tries everything that this library does, on two cards of its own with random secrets, and destroys
 * them again, whatever happens. Cards that were there before are listed and not touched.
 *
 * It resolves when a step fails, too, and when its signal fires: the report says what happened. It
 * holds no secret, and no name of the user, of the machine or of other cards.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_NOT_SUPPORTED` (the pcsc backend); what `onStep` threw, after tidying up
 * @example
 * ```ts
 * const report = await selfTest(manager, { onStep: ({ name, outcome }) => console.log(outcome, name) });
 * if (!report.passed) await writeFile('report.json', JSON.stringify(report, null, 2));
 * ```
 */
export async function selfTest(
  manager: VirtualSmartCardManager,
  options: SelfTestOptions = {},
): Promise<SelfTestReport> {
  if (!(manager instanceof VirtualSmartCardManager)) {
    throw invalidArgument('manager', 'a VirtualSmartCardManager', describeType(manager));
  }
  checkOptions(options, OPTIONS);
  const { onStep, signal } = options;
  checkCallback(onStep, 'onStep');
  checkSignal(signal);
  const backend = manager.backendKind;
  if (backend === 'pcsc') {
    throw new VirtualSmartCardError(
      'ERR_NOT_SUPPORTED',
      'The self-test makes cards, which the pcsc backend cannot. Run it with the embedded backend.',
    );
  }
  const wrongPins = booleanOption(options.wrongPins, 'wrongPins', true);
  const timeLimitMs = checkedTimeLimit(options.timeLimitMs);
  // Loaded by those alone who run it: importing the package waits for none of it.
  const { runSelfTest } = await import('./run-self-test.js');
  return runSelfTest(manager, { backend, wrongPins, timeLimitMs, signal, onStep });
}

function checkedTimeLimit(value: unknown): number {
  if (value === undefined) return TIME_LIMIT_MS;
  const expected = 'a whole number of milliseconds, 1 to 2147483647';
  if (typeof value !== 'number')
    throw invalidArgument('timeLimitMs', expected, describeType(value));
  if (Number.isInteger(value) && value >= 1 && value <= 0x7fffffff) return value;
  throw invalidArgument('timeLimitMs', expected, String(value));
}
