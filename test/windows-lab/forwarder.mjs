// Holds the lab's TPM and its cards, outside Wine, for the doubles inside. Prints the port that it
// listens on, on 127.0.0.1, and ends when its standard input does. PROTOCOL.md has what it answers.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificationAuthority } from './forwarder/certification-authority.mjs';
import { Connection } from './forwarder/connection.mjs';
import { Machine } from './forwarder/machine.mjs';
import { Script } from './forwarder/script.mjs';

const stateDirectory = await mkdtemp(join(tmpdir(), 'vsc-windows-lab-'));
const machine = await Machine.open(stateDirectory);
const authority = new CertificationAuthority();
const script = new Script();
const sockets = new Set();

const server = createServer((socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  new Connection(socket, { machine, authority, script });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify(server.address().port)));

process.stdin.on('end', async () => {
  server.close();
  for (const socket of sockets) socket.destroy();
  await machine.close();
  await authority.close();
  await rm(stateDirectory, { recursive: true, force: true });
});
process.stdin.resume();
