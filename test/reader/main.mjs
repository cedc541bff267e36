// Tests this library, and OpenSC beside it, on a GIDS card in a reader:
//   VSC_CARD_PIN=… VSC_CARD_ADMIN_KEY=… npm run test:reader -- --reader "NAME" --may-be-lost
// PIN and admin key (48 hexadecimal digits) are the card's, or what a blank card is set up with.
import { runTool } from '../../scripts/support/run.mjs';

const USAGE = `Usage: npm run test:reader -- --reader NAME --may-be-lost
  VSC_CARD_PIN        the card's PIN
  VSC_CARD_ADMIN_KEY  its admin key, 48 hexadecimal digits
Both are taken from the environment; a blank card is set up with them. "opensc-tool -l" lists the readers.
The tests make and delete keys, change PIN and admin key and change them back, and block the PIN and
unblock it. When one of them fails half-way, the card may be left blocked: take one that you can do without.`;

process.exitCode = main(process.argv.slice(2));

function main(words) {
  const reader = words.includes('--reader') ? words[words.indexOf('--reader') + 1] : undefined;
  const known = words.filter((word) => !['--reader', '--may-be-lost', reader].includes(word));
  const { VSC_CARD_PIN: pin = '', VSC_CARD_ADMIN_KEY: adminKey = '' } = process.env;
  if (reader === undefined || reader.startsWith('--')) return refuse('No reader was named.');
  if (known.length > 0) return refuse(`There is no option ${known[0]}.`);
  if (!words.includes('--may-be-lost')) return refuse('Say by --may-be-lost that the card may be.');
  if (pin === '') return refuse('VSC_CARD_PIN is not set.');
  if (!/^[0-9a-f]{48}$/i.test(adminKey)) {
    return refuse('VSC_CARD_ADMIN_KEY is not set, or is not 48 hexadecimal digits.');
  }
  process.env.VSC_CARD_READER = reader;
  return runTool('vitest/vitest.mjs', ['run', '--config', 'test/reader/vitest.config.ts']);
}

function refuse(reason) {
  console.error(`${reason}\n\n${USAGE}`);
  return 2;
}
