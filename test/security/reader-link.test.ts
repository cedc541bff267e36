import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { requireRoot } from '../support/root.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

const NOBODY = '65534';

/** Listens as `slot-0` in a directory, greets as the driver does, and tells whatever it is sent. */
const LISTENER = `
  require('net').createServer((socket) => {
    socket.on('data', (bytes) => console.log(bytes.toString('hex')));
    socket.on('error', () => undefined);
    socket.on('close', () => console.log('cut off'));
    socket.write(Buffer.from('000000020001' + '0000000101', 'hex'));
  }).listen(process.argv[1], () => console.log('listens'));`;

test('no card is given to a listener of another user', async () => {
  requireRoot();
  const directory = await temporaryDirectory();
  await chmod(directory, 0o777);
  const path = join(directory, 'slot-0');
  const words = [`--reuid=${NOBODY}`, '--clear-groups', process.execPath, '-e', LISTENER, path];
  const listener = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    listener.kill('SIGKILL');
  });
  let said = '';
  listener.stdout.on('data', (text) => {
    said += text;
  });
  await once(listener.stdout, 'data');
  const manager = await openManager(await temporaryDirectory());
  const card = await manager.create(cardOptions());
  const warnings: { code: string; message: string }[] = [];
  const publication = await manager.publish({
    directory,
    onWarning: (warning) => warnings.push(warning),
  });
  expect(publication.readerOf(card.instanceId)).toBeUndefined();
  await publication.close();
  expect(warnings.map(({ code }) => code)).toEqual(['ERR_ACCESS_DENIED']);
  expect(warnings[0]?.message).toContain(`User ${NOBODY}`);
  while (!said.includes('cut off')) await once(listener.stdout, 'data');
  // Not even the answer to reset.
  expect(said.replaceAll('cut off\n', '')).toBe('listens\n');
});
