import type { Option } from './options.js';
import { COMMON_OPTIONS } from './options.js';
import type { Verb } from './verb.js';

const PROGRAM = 'virtual-smartcard';

/** The list of verbs. */
export function overview(verbs: readonly Verb[]): string[] {
  const width = Math.max(...verbs.map(({ name }) => name.length));
  return [
    `${PROGRAM}: TPM virtual smart cards.`,
    '',
    `Usage: ${PROGRAM} VERB [options]`,
    '',
    ...verbs.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Options may also be written as tpmvscmgr and certreq have them: /name X or -name X, in any case.',
    'Exit code: 0 done, 1 it failed, 2 the command line is wrong, 130 interrupted.',
    '',
    `"${PROGRAM} help VERB" explains a verb.`,
  ];
}

/** Everything about one verb. */
export function verbHelp(verb: Verb): string[] {
  const operands = verb.operands ? ` ${verb.operands}` : '';
  const own = Object.entries(verb.options).filter(([name]) => !(name in COMMON_OPTIONS));
  return [
    `${PROGRAM} ${verb.name}: ${verb.summary}`,
    '',
    `Usage: ${PROGRAM} ${verb.name} [options]${operands}`,
    '',
    ...optionTable([...own, ...Object.entries(COMMON_OPTIONS)]),
    ...(verb.notes ? ['', ...verb.notes] : []),
    '',
    'Examples:',
    ...verb.examples.map((example) => `  ${PROGRAM} ${example}`),
  ];
}

function optionTable(options: readonly (readonly [string, Option])[]): string[] {
  const rows = options.map(([name, option]) => [spelling(name, option), option.text] as const);
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, text]) => `  ${left.padEnd(width)}  ${text}`);
}

function spelling(name: string, option: Option): string {
  const others = (option.words ?? []).map((word) => `, /${word}`).join('');
  const value = option.choices?.join('|') ?? option.value;
  return `--${name}${others}${option.takes === 'nothing' ? '' : ` ${value}`}`;
}
