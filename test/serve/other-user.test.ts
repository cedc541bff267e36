import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openServedBackend } from '../../lib/backend/served/served-backend.js';
import { expectError } from '../support/expect-error.js';
import { requireRoot } from '../support/root.js';
import { openServed } from '../support/served-manager.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

const NOBODY = 65534;

/** A program run by another user, who is even let into the directory. */
function asNobody(program: string, path: string): ChildProcessByStdio<null, Readable, null> {
  const words = [`--reuid=${NOBODY}`, '--clear-groups', process.execPath, '-e', program, path];
  const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

test('another user is told that the store is not his, and gets nothing', async () => {
  requireRoot();
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const warnings: string[] = [];
  const service = await manager.serve({ onWarning: ({ message }) => warnings.push(message) });
  await manager.create(cardOptions({ name: 'Nobody must see this' }));
  chmodSync(directory, 0o711);
  chmodSync(service.path, 0o666);
  const ask = `
    const header = JSON.stringify({ id: 1, method: 'list', attachments: [] });
    const frame = Buffer.alloc(8 + header.length, header, 'latin1');
    frame.fill(header, 8);
    frame.writeUInt32LE(4 + header.length, 0);
    frame.writeUInt32LE(header.length, 4);
    const socket = require('net').connect(process.argv[1]);
    socket.write(frame);
    socket.pipe(process.stdout);`;
  const child = asNobody(ask, service.path);
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  await once(child, 'close');
  expect(said).toContain('ERR_ACCESS_DENIED');
  expect(said).not.toContain('Nobody must see this');
  expect(warnings).toEqual([expect.stringContaining(String(NOBODY))]);
  expect(await (await openServed(directory)).list()).toHaveLength(1);
});

test("nothing is said to a service of another user's", async () => {
  requireRoot();
  const directory = await temporaryDirectory();
  chmodSync(directory, 0o777);
  const path = join(directory, 'serve.sock');
  const listen = `
    const greeting = JSON.stringify({ protocol: 1, pid: 1, attachments: [] });
    const frame = Buffer.alloc(8 + greeting.length);
    frame.fill(greeting, 8);
    frame.writeUInt32LE(4 + greeting.length, 0);
    frame.writeUInt32LE(greeting.length, 4);
    const server = require('net').createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => console.log('heard ' + bytes.length));
      socket.on('close', () => console.log('left'));
      socket.write(frame);
    });
    server.listen(process.argv[1], () => console.log('listening'));`;
  const child = asNobody(listen, path);
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  await once(child.stdout, 'data');
  await expectError(openServedBackend(directory, 'libtpms'), 'ERR_ACCESS_DENIED');
  while (!said.includes('left')) await sleep(10);
  expect(said.trim().split('\n')).toEqual(['listening', 'left']);
});
