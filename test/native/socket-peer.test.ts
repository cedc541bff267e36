import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadNative } from '../../lib/native.js';
import { requireRoot } from '../support/root.js';
import { temporaryDirectory } from './support.js';

const native = loadNative();
const NOBODY = 65534;
const CONNECT = "require('net').connect(process.argv[1]).resume()";

/** A server that gives its first connection's descriptor, which Node has no official way to tell. */
async function firstConnection(
  address: string | number,
  makeConnection: (server: Server) => unknown,
): Promise<{ socket: Socket; descriptor: number }> {
  const server = createServer().listen(address);
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  if (typeof address === 'string') chmodSync(address, 0o777);
  makeConnection(server);
  const [socket] = (await once(server, 'connection')) as [Socket & { _handle: { fd: number } }];
  onTestFinished(() => {
    socket.destroy();
  });
  return { socket, descriptor: socket._handle.fd };
}

test('the kernel says which user is at the other end of a UNIX socket', async () => {
  requireRoot();
  const directory = temporaryDirectory();
  chmodSync(directory, 0o711);
  const path = join(directory, 'socket');
  const { descriptor } = await firstConnection(path, () => {
    const words = [`--reuid=${NOBODY}`, '--clear-groups', process.execPath, '-e', CONNECT, path];
    const child = spawn('setpriv', words, { stdio: 'inherit' });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
  });
  expect(native.peerUser(descriptor)).toBe(NOBODY);
});

test('what is no socket, and no descriptor, is told apart', () => {
  const code = (call: () => unknown) => {
    try {
      return call();
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  };
  for (const call of [native.peerUser, native.acknowledgeAtOnce]) {
    expect(code(() => call(1_000_000))).toBe('EBADF');
    for (const wrong of [-1, 1.5, Number.NaN, 2 ** 40, '3', undefined]) {
      expect(code(() => call(wrong as number))).toBe('INVALID_ARGUMENT');
    }
  }
});

test('a TCP socket is acknowledged at once', async () => {
  const { socket, descriptor } = await firstConnection(0, (server) => {
    const { port } = server.address() as AddressInfo;
    const client = connect(port, '127.0.0.1', () => client.write('x'));
    onTestFinished(() => {
      client.destroy();
    });
  });
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  expect(native.acknowledgeAtOnce(descriptor)).toBeUndefined();
  expect(bytes.toString()).toBe('x');
});
