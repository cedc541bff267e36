// Has the file open that keeps other processes' ensure waiting, until this process is ended:
//   node hold-claim.mjs PATH
import { constants, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

const EXCLUSIVE = 0x10000000;
const [, , path] = process.argv;
mkdirSync(dirname(path), { recursive: true });
openSync(path, constants.O_CREAT | constants.O_RDONLY | EXCLUSIVE);
console.log('has it');
setInterval(() => undefined, 1000);
