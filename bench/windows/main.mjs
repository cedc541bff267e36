// `npm run bench:windows`: our create and our sign on Windows against a plain C++ program that makes the
// same calls to Windows, in the Windows lab. `npm run bench:windows -- 100` for fewer pairs.
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { runOrFail } from '../../scripts/support/run.mjs';
import { WindowsLab } from '../../test/windows-lab/harness/lab.mjs';
import { windowsPath } from '../../test/windows-lab/harness/paths.mjs';
import { buildProgram, PROGRAM } from './build.mjs';

const NODE = 20;
const HOUR_MS = 60 * 60 * 1000;

const pairs = process.argv[2] ?? '500';

runOrFail(process.execPath, ['scripts/build-windows.mjs']);
await buildProgram();
const lab = await WindowsLab.start();
try {
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`);
  const script = windowsPath(join(import.meta.dirname, 'in-lab.mjs'));
  const args = [script, windowsPath(PROGRAM), pairs];
  process.exitCode = await lab.node(NODE, args, { timeoutMs: HOUR_MS });
} finally {
  await lab.end();
}
