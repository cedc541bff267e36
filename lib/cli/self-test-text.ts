import type { SelfTestError, SelfTestOutcome, SelfTestReport, SelfTestStep } from '../index.js';

const WORDS: Record<SelfTestOutcome, string> = {
  passed: 'passed',
  failed: 'FAILED',
  'not-supported': 'not supported',
  'left-out': 'left out',
  'not-run': 'not run',
};

const WIDTH = Math.max(...Object.values(WORDS).map((word) => word.length));

/** A step in one line, and why it did not pass in another. */
export function stepLines({
  name,
  title,
  outcome,
  durationMs,
  error,
  reason,
}: SelfTestStep): string[] {
  const time = outcome === 'passed' || outcome === 'failed' ? ` (${durationMs} ms)` : '';
  const first = `${WORDS[outcome].padEnd(WIDTH)}  ${name}: ${title}${time}`;
  const why = error ? errorText(error) : reason;
  return why === undefined ? [first] : [first, `${' '.repeat(WIDTH)}    ${why}`];
}

/** What came of the test, for people. */
export function verdictLines({ counts, passed, stopped, leftCards }: SelfTestReport): string[] {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  const numbers = some.map(([outcome, count]) => `${count} ${WORDS[outcome as SelfTestOutcome]}`);
  const verdict = stopped ? 'was stopped' : passed ? 'passed' : 'FAILED';
  return [
    `The self-test ${verdict}: ${numbers.join(', ')}.`,
    ...leftCards.map(
      (id) => `The card ${id} could not be destroyed. "virtual-smartcard destroy --instance ${id}"`,
    ),
  ];
}

function errorText({ code, message, hresult, statusWord, tpmCode }: SelfTestError): string {
  const codes = [code, hresult, statusWord, tpmCode].filter((each) => each !== undefined);
  return `${message} (${codes.join(', ')})`;
}
