// Runs a script in Node for Windows in the lab, with this terminal's arguments:
//   node test/windows-lab/node.mjs [--node=22] SCRIPT [ARGUMENT…]
import { resolve } from 'node:path';
import { WindowsLab } from './harness/lab.mjs';
import { windowsPath } from './harness/paths.mjs';

const args = process.argv.slice(2);
const version = Number(/^--node=(\d+)$/.exec(args[0] ?? '')?.[1] ?? 20);
if (args[0]?.startsWith('--node=')) args.shift();
const [script, ...rest] = args;
if (!script) throw new Error('usage: node.mjs [--node=VERSION] SCRIPT [ARGUMENT…]');

const lab = await WindowsLab.start();
try {
  const line = [script.startsWith('-') ? script : windowsPath(resolve(script)), ...rest];
  process.exitCode = await lab.node(version, line);
} finally {
  await lab.end();
}
