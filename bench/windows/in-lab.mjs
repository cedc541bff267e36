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
// While somebody has a manager its process lives on, and neither side waits for a new one.
const keeper = new PlainProgram(path);
await keeper.run('keep');
const manager = await VirtualSmartCardManager.open();
// Does not look for the card's certificates before it destroys it.
const alone = await VirtualSmartCardManager.open({ certificateStore: 'none' });
try {
  line('sign RSA-2048, pin on each call', await benchSign(manager, program, { pairs }));
  line('create card', await benchCreate(manager, program, { pairs }));
  line('create card, the addon alone', await benchManagerCall(manager, program, { pairs }));
  line('destroy card', await benchDestroy(manager, program, { pairs }));
  line("destroy card, certificateStore: 'none'", await benchDestroy(alone, program, { pairs }));
} finally {
  await manager.close();
  await alone.close();
  await program.close();
  await keeper.close();
}
