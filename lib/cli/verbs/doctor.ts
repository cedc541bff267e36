import { type DiagnoseOptions, diagnose } from '../../index.js';
import { diagnosisLines, verdictLine } from '../diagnosis-text.js';
import { usageError } from '../failure.js';
import { BACKEND_OPTION, COMMON_OPTIONS } from '../options.js';
import type { Verb } from '../verb.js';

export const doctor: Verb = {
  name: 'doctor',
  summary: 'look at services, TPM, store, readers, cards and certificates; say what is wrong',
  options: {
    ...COMMON_OPTIONS,
    ...BACKEND_OPTION,
    'expires-within': {
      takes: 'value',
      value: 'DAYS',
      text: 'tell of certificates that end within so many days (30)',
    },
  },
  notes: [
    'It asks for nothing, uses up no try and changes nothing. Each finding comes with what to do about',
    'it; with --quiet only errors and warnings are shown. Exit code: 0 without an error among them, else 1.',
  ],
  examples: ['doctor', 'doctor --json', 'doctor --expires-within 90 --quiet'],
  async run({ args, output, openOptions }) {
    const { backend, stateDirectory, tpm } = openOptions();
    const options: DiagnoseOptions = { backend, stateDirectory, tpm };
    const days = args.value('expires-within');
    if (days !== undefined) options.expiresWithinDays = numberOfDays(days);
    const report = await diagnose(options);
    return {
      document: { ...report },
      lines: [...diagnosisLines(report, output.mode.quiet), verdictLine(report)],
      exitCode: report.healthy ? 0 : 1,
    };
  },
};

function numberOfDays(text: string): number {
  if (/^[0-9]{1,4}$/.test(text)) return Number(text);
  throw usageError('--expires-within takes a number of days, such as 30.');
}
