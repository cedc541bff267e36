// Runs vitest in Node for Windows in the lab:
//   node test/windows-lab/vitest.mjs [--node=22] [ARGUMENT OF vitest run…]
import { WindowsLab } from './harness/lab.mjs';
import { runVitest } from './harness/vitest.mjs';

const args = process.argv.slice(2);
const version = Number(/^--node=(\d+)$/.exec(args[0] ?? '')?.[1] ?? 20);
if (args[0]?.startsWith('--node=')) args.shift();

const lab = await WindowsLab.start();
try {
  process.exitCode = await runVitest(lab, version, args);
} finally {
  await lab.end();
}
