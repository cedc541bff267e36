// Ends itself with one transaction, and a call that waits for another one:
//   node wait-for-transaction.mjs ADDON READER
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';

const [, , addonFile, readerName] = process.argv;
const addon = createRequire(import.meta.url)(addonFile);

const holder = await addon.connectCard(readerName).result;
const waiter = await addon.connectCard(readerName).result;
await holder.beginTransaction().result;
const waiting = waiter.beginTransaction().result.then(() => 'has it');
console.log(await Promise.race([waiting, delay(300, 'waiting')]));
process.exit(0);
