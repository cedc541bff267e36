import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Tpm } from '../../../lib/tpm/tpm.js';
import { openTransport } from '../../../lib/tpm/tpm-address.js';
import { expectError } from '../../support/expect-error.js';
import { codeResponse } from './support/scripted-transport.js';
import { freshSwtpm, openForTest } from './support/test-tpm.js';

const COMMAND = Buffer.from('80010000000a00000001', 'hex');

/** A server that treats each connection as told; closed when the test ends. */
async function serve(handle: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => sockets.delete(socket));
    handle(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return `swtpm:tcp:127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function openTo(handle: (socket: Socket) => void) {
  const transport = await openTransport(await serve(handle));
  onTestFinished(() => transport.close());
  return transport;
}

function responseOf(body: Buffer): Buffer {
  const response = Buffer.concat([codeResponse(0), body]);
  response.writeUInt32BE(response.length, 2);
  return response;
}

test('a response in single bytes and one in a large piece arrive whole, in order', async () => {
  const bodies = [randomBytes(30), randomBytes(4000), Buffer.alloc(0)];
  const left = [...bodies];
  const transport = await openTo((socket) => {
    socket.setNoDelay(true);
    socket.on('data', async () => {
      const response = responseOf(left.shift() ?? Buffer.alloc(0));
      if (response.length > 100) socket.write(response);
      else {
        for (const byte of response) {
          socket.write(Buffer.of(byte));
          await delay(1);
        }
      }
    });
  });
  const responses = await Promise.all(bodies.map(() => transport.transmit(COMMAND)));
  expect(responses).toEqual(bodies.map(responseOf));
});

test('the next command is sent when the answer to the last is there, and not before', async () => {
  const received: Buffer[] = [];
  const transport = await openTo((socket) => {
    socket.on('data', async (data) => {
      received.push(data);
      await delay(10);
      socket.write(responseOf(data.subarray(6, 10)));
    });
  });
  const commands = [1, 2, 3, 4].map((number) => {
    const command = Buffer.from(COMMAND);
    command.writeUInt32BE(number, 6);
    return command;
  });
  const answers = await Promise.all(
    commands.map((command) => {
      const answer = transport.transmit(Buffer.from(command));
      return answer;
    }),
  );
  expect(received).toEqual(commands);
  expect(answers.map((answer) => answer.readUInt32BE(10))).toEqual([1, 2, 3, 4]);
});

test('the command is copied, so the caller may wipe it at once', async () => {
  const received: Buffer[] = [];
  const transport = await openTo((socket) => {
    socket.on('data', (data) => {
      received.push(data);
      socket.write(codeResponse(0));
    });
  });
  const buffers = [1, 2].map(() => Buffer.from(COMMAND));
  const answers = buffers.map((buffer) => transport.transmit(buffer));
  for (const buffer of buffers) buffer.fill(0);
  await Promise.all(answers);
  expect(received).toEqual([COMMAND, COMMAND]);
});

test('a lost connection rejects what is pending, and everything after', async () => {
  let commands = 0;
  const transport = await openTo((socket) => {
    socket.on('data', () => {
      commands += 1;
      if (commands === 1) socket.write(codeResponse(0));
      else socket.end(codeResponse(0).subarray(0, 4));
    });
  });
  await transport.transmit(COMMAND);
  const pending = [1, 2, 3].map(() => transport.transmit(COMMAND));
  for (const one of pending) await expectError(one, 'ERR_TPM_UNAVAILABLE');
  await expectError(transport.transmit(COMMAND), 'ERR_TPM_UNAVAILABLE');
  await transport.close();
  await expectError(transport.transmit(COMMAND), 'ERR_CLOSED');
});

test.each([
  ['a size shorter than a header', '800100000009000000'],
  ['a size that no TPM has', '8001ffffffff00000000'],
  ['more than one response', '80010000000a0000000080010000000a00000000'],
])('%s ends the connection', async (_, hex) => {
  const transport = await openTo((socket) => {
    socket.on('data', () => socket.write(Buffer.from(`${hex}00`, 'hex')));
  });
  await expectError(transport.transmit(COMMAND), 'ERR_TPM_RESPONSE');
  await expectError(transport.transmit(COMMAND), 'ERR_TPM_RESPONSE');
});

test('an answer without a command ends the connection', async () => {
  const transport = await openTo((socket) => socket.write(codeResponse(0)));
  await delay(100);
  await expectError(transport.transmit(COMMAND), 'ERR_TPM_RESPONSE');
});

test('nobody listening is a TPM that is unavailable', async () => {
  const unix = await expectError(
    openTransport('swtpm:unix:/no/such/socket'),
    'ERR_TPM_UNAVAILABLE',
  );
  expect(unix.message).toContain('swtpm:unix:/no/such/socket');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  await expectError(openTransport(`swtpm:tcp:127.0.0.1:${port}`), 'ERR_TPM_UNAVAILABLE');
  await expectError(openTransport('swtpm:tcp:host.invalid:1'), 'ERR_TPM_UNAVAILABLE');
});

test('a server that never answers, as swtpm to a second program, is given up', async () => {
  const swtpm = await freshSwtpm();
  const first = await openForTest(await openTransport(swtpm.address));
  const second = await openTransport(swtpm.address);
  const error = await expectError(Tpm.open(second), 'ERR_TPM_UNAVAILABLE');
  expect(error.message).toContain('no other program is connected');
  expect((await first.status()).manufacturer).toBe('IBM');
});

test('an idle connection does not keep the process alive, a pending command does', async () => {
  let answer = (): unknown => expect.unreachable();
  const transport = await openTo((socket) => {
    socket.unref();
    socket.on('data', () => {
      answer = () => socket.write(codeResponse(0));
    });
  });
  await delay(50);
  const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap');
  const idle = sockets().length;
  const pending = transport.transmit(COMMAND);
  expect(sockets().length).toBe(idle + 1);
  await delay(50);
  answer();
  await pending;
  expect(sockets().length).toBe(idle);
});

test('close waits for what is queued', async () => {
  const transport = await openTo((socket) => {
    socket.on('data', async () => {
      await delay(20);
      socket.write(codeResponse(0));
    });
  });
  const pending = [1, 2].map(() => transport.transmit(COMMAND));
  await transport.close();
  expect(await Promise.all(pending)).toEqual([codeResponse(0), codeResponse(0)]);
  await transport.close();
});

test('a swtpm that is killed is a TPM that is unavailable, and close is quiet', async () => {
  const swtpm = await freshSwtpm();
  const tpm = await Tpm.open(await openTransport(swtpm.address));
  const authValue = randomBytes(32);
  const key = tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped);
  await key.ecdsaSign(randomBytes(32), authValue);
  const creating = tpm.createKey('RSA-2048', authValue);
  await Promise.all([expectError(creating, 'ERR_TPM_UNAVAILABLE'), swtpm.stop('SIGKILL')]);
  await expectError(key.ecdsaSign(randomBytes(32), authValue), 'ERR_TPM_UNAVAILABLE');
  await tpm.close();
});
