import { type SelfTestReport, selfTest } from '../../index.js';
import { Interrupted } from '../interruption.js';
import { COMMON_OPTIONS, FORCE_OPTION } from '../options.js';
import type { Result } from '../output.js';
import { OutputFile } from '../output-file.js';
import { stepLines, verdictLines } from '../self-test-text.js';
import type { Context, Verb } from '../verb.js';

export const selfTestVerb: Verb = {
  name: 'self-test',
  summary: 'try everything on two cards of its own, and destroy them again',
  options: {
    ...COMMON_OPTIONS,
    ...FORCE_OPTION,
    report: { takes: 'value', value: 'FILE', text: 'write the report to a file, as JSON' },
    'no-wrong-pins': {
      takes: 'nothing',
      text: "leave out what gives wrong PINs (11 in all), which may count in the TPM's lockout",
    },
  },
  notes: [
    'It makes cards, keys and certificates with random PINs, PUK and admin keys that nobody gets to see.',
    'Cards that are there already are listed and not touched. The report has no secret, no name of the',
    "user or the machine, and of other cards' only how many there are. Exit code: 0 if all is well.",
  ],
  examples: ['self-test --report report.json', 'self-test --no-wrong-pins --json'],
  run: runSelfTest,
};

async function runSelfTest({ args, output, signal, openManager }: Context): Promise<Result> {
  const path = args.value('report');
  const wrongPins = !args.has('no-wrong-pins');
  const file =
    path === undefined ? undefined : await OutputFile.reserve(path, { force: args.has('force') });
  try {
    const report = await selfTest(await openManager(), {
      signal,
      wrongPins,
      onStep: (step) => {
        output.note(...stepLines(step));
      },
    });
    await file?.commit(Buffer.from(`${JSON.stringify(report, null, 2)}\n`));
    return {
      document: { ...report },
      lines: verdictLines(report),
      remarks: file ? [`The report is in ${file.path}. It holds no secrets.`] : [],
      exitCode: exitCodeOf(report, signal),
    };
  } finally {
    await file?.discard();
  }
}

function exitCodeOf({ passed, stopped }: SelfTestReport, signal: AbortSignal): number {
  if (stopped && signal.reason instanceof Interrupted) return signal.reason.exitCode;
  return passed ? 0 : 1;
}
