// Runs in Node for Windows, for main.mjs: in-lab.mjs PROGRAM PAIRS
import { VirtualSmartCardManager } from '../../dist/index.js';
import { line } from '../report.mjs';
import { benchCreate, benchDestroy, benchManagerCall } from './create.mjs';
import { PlainProgram } from './plain-program.mjs';
import { benchSign } from './sign.mjs';

const [path, count] = process.argv.slice(2);
const pairs = Number(count);

console.log(`Node ${process.version} for Windows`);
const program = new PlainProgram(path);
const manager = await VirtualSmartCardManager.open();
try {
  line('sign RSA-2048, pin on each call', await benchSign(manager, program, { pairs }));
  line('create card', await benchCreate(manager, program, { pairs }));
  line('create card, the addon alone', await benchManagerCall(manager, program, { pairs }));
  line('destroy card', await benchDestroy(manager, program, { pairs }));
} finally {
  await manager.close();
  await program.close();
}
