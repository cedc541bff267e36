// Builds the addon for Windows, makes the Windows lab ready and runs in it, inside Node for Windows,
// the lab's own tests and the behaviour suite. Ends with the line `N passed, N failed`.
//   node scripts/test-windows.mjs [--next] [--second-try] [--results=FILE] [FILE…]
// --next: on Wine 10, in a Debian 13 of its own, with the newest versions of Node.
// --second-try: a test that fails is run once more; if it passes then, the output names it.
// --results: writes the numbers and the problems to a file, as JSON.
import { writeFileSync } from 'node:fs';
import { testWindows } from './support/windows-tests.mjs';

const args = process.argv.slice(2);
const files = args.filter((arg) => !arg.startsWith('--'));
const resultsFile = args.find((arg) => arg.startsWith('--results='))?.slice('--results='.length);

try {
  const results = await testWindows({
    next: args.includes('--next'),
    secondTry: args.includes('--second-try'),
    files,
  });
  const { passed, failed, problems } = results;
  if (resultsFile) writeFileSync(resultsFile, JSON.stringify(results));
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  console.log(`${passed} passed, ${failed + problems.length} failed`);
  process.exitCode = failed + problems.length === 0 ? 0 : 1;
} catch (error) {
  console.error(error.expected ? error.message : error);
  process.exitCode = 1;
}
