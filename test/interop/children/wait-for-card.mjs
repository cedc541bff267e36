// Opens the card in a reader; at a line of input starts a call, which waits for another program's
// transaction, and then ends as it is told to: node wait-for-card.mjs INDEX READER exit|fall
import { once } from 'node:events';

const [index, reader, ending] = process.argv.slice(2);
const { VirtualSmartCardManager } = await import(index);
const manager = await VirtualSmartCardManager.open({ backend: 'pcsc' });
const card = await manager.card(reader);
process.stdout.write('open\n');
await once(process.stdin, 'data');
process.stdin.destroy();
const waiting = card.keys();
// When the process is ended it never comes.
waiting.catch(() => undefined);
await new Promise((resolve) => setTimeout(resolve, 500));
process.stdout.write('waiting\n', () => {
  if (ending === 'exit') process.exit(0);
});
await waiting;
await manager.close();
