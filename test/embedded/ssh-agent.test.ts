import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import {
  SshAgent,
  type SshAgentOptions,
  type SshPinRequest,
  ssh2Agent,
  sshPublicKey,
  type VirtualSmartCardManager,
} from '../../lib/index.js';
import { wireString, wireUint32 } from '../../lib/ssh/wire.js';
import { runProgram } from '../support/cli.js';
import { expectError } from '../support/expect-error.js';
import { until } from '../support/pcsc.js';
import { requireRoot } from '../support/root.js';
import { cardOptions, openManager, otherPin, temporaryDirectory } from '../support/store.js';

const NOBODY = 65534;
const FAILURE = '05';
const SUCCESS = '06';

/** A client that says what it likes. */
class Client {
  readonly socket: Socket;
  #arrived = Buffer.alloc(0);
  #isClosed = false;

  private constructor(path: string) {
    this.socket = connect(path);
    this.socket.on('data', (chunk) => {
      this.#arrived = Buffer.concat([this.#arrived, chunk]);
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.#isClosed = true;
    });
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  static async to(path: string): Promise<Client> {
    const client = new Client(path);
    await once(client.socket, 'connect');
    return client;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(...parts: Uint8Array[]): void {
    this.socket.write(wireString(Buffer.concat(parts)));
  }

  /** The next reply without its length, hexadecimal; '' when the agent cut the connection. */
  async reply(): Promise<string> {
    await until(() => this.#isClosed || this.#isWhole());
    if (!this.#isWhole()) return '';
    const end = 4 + this.#arrived.readUInt32BE();
    const reply = this.#arrived.subarray(4, end).toString('hex');
    this.#arrived = this.#arrived.subarray(end);
    return reply;
  }

  #isWhole(): boolean {
    return this.#arrived.length >= 4 && this.#arrived.length >= 4 + this.#arrived.readUInt32BE();
  }

  async ask(...parts: Uint8Array[]): Promise<string> {
    this.send(...parts);
    return this.reply();
  }
}

const LIST = Uint8Array.of(11);

function signRequest(blob: Uint8Array, flags = 2): Buffer {
  return Buffer.concat([
    Uint8Array.of(13),
    wireString(blob),
    wireString('what is signed'),
    wireUint32(flags),
  ]);
}

async function started(options: Partial<SshAgentOptions> = {}) {
  const directory = await temporaryDirectory();
  const manager = await openManager(join(directory, 'store'));
  const { pin, ...rest } = cardOptions();
  const card = await manager.create({ ...rest, pin });
  const key = await card.createKey({ container: 'ssh', algorithm: 'EC-P256' }, { pin });
  const asked: SshPinRequest[] = [];
  const warnings: string[] = [];
  const socketPath = join(directory, 'agent', 'sock');
  const agent = await SshAgent.start(manager, {
    socketPath,
    onPin: async (request) => {
      asked.push(request);
      return Buffer.from(pin);
    },
    onWarning: ({ code }) => warnings.push(code),
    ...options,
  });
  onTestFinished(() => agent.close());
  const { blob } = sshPublicKey(key);
  return { directory, manager, card, key, pin, blob, asked, warnings, agent, socketPath };
}

test('half messages are waited for, and several in one piece are answered in order', async () => {
  const { socketPath, blob } = await started();
  const client = await Client.to(socketPath);
  const frame = wireString(signRequest(blob));
  for (const byte of frame) client.socket.write(Uint8Array.of(byte));
  expect(await client.reply()).toMatch(/^0e/);
  client.socket.write(Buffer.concat([wireString(LIST), frame, wireString(LIST)]));
  expect(await client.reply()).toMatch(/^0c00000001/);
  expect(await client.reply()).toMatch(/^0e/);
  expect(await client.reply()).toMatch(/^0c00000001/);
});

test('what is no message of ours fails, and the connection goes on', async () => {
  const { socketPath, blob, warnings } = await started();
  const client = await Client.to(socketPath);
  const extension = Buffer.concat([Uint8Array.of(27), wireString('session-bind@openssh.com')]);
  const requests = [
    Buffer.alloc(0),
    extension,
    Buffer.from('0b00', 'hex'),
    Buffer.from('0dffffffff', 'hex'),
    signRequest(blob).subarray(0, 50),
    Uint8Array.of(1),
    Uint8Array.of(17, 0, 0, 0, 0),
    Uint8Array.of(20, 0, 0, 0, 0),
  ];
  for (const request of requests) expect(await client.ask(request)).toBe(FAILURE);
  expect(warnings).toEqual([]);
  expect(await client.ask(signRequest(Buffer.from(blob).reverse()))).toBe(FAILURE);
  expect(warnings).toEqual(['ERR_CONTAINER_NOT_FOUND']);
  expect(await client.ask(LIST)).toMatch(/^0c00000001/);
});

test('a message that is too long, or never ends, is cut off, and others are served', async () => {
  const { socketPath } = await started();
  const other = await Client.to(socketPath);
  for (const length of [256 * 1024 + 1, 0xffffffff]) {
    const client = await Client.to(socketPath);
    client.socket.write(wireUint32(length));
    expect(await client.reply()).toBe('');
  }
  const longest = await Client.to(socketPath);
  longest.socket.write(Buffer.concat([wireUint32(256 * 1024), Buffer.alloc(256 * 1024, 0xff)]));
  expect(await longest.reply()).toBe(FAILURE);
  // A flood behind a request that is not answered yet is cut off, too.
  const flood = await Client.to(socketPath);
  flood.socket.write(Buffer.alloc(4 * 1024 * 1024));
  await until(() => flood.isClosed);
  expect(await other.ask(LIST)).toMatch(/^0c00000001/);
});

test('many clients sign at once, and one log-in does for all', async () => {
  const { socketPath, blob, asked } = await started();
  const clients = await Promise.all(Array.from({ length: 60 }, () => Client.to(socketPath)));
  const replies = await Promise.all(clients.map((client) => client.ask(signRequest(blob))));
  for (const reply of replies) expect(reply).toMatch(/^0e/);
  expect(new Set(replies).size).toBe(60);
  expect(asked).toHaveLength(1);
});

test('a client that dies is not asked for any more, and what is given late is not used', async () => {
  const signals: AbortSignal[] = [];
  const answers: ((pin: Buffer) => void)[] = [];
  const { socketPath, blob, pin, card, warnings } = await started({
    onPin: ({ signal }) => {
      signals.push(signal);
      return new Promise((resolve) => answers.push(resolve));
    },
  });
  const client = await Client.to(socketPath);
  client.send(signRequest(blob));
  await until(() => signals.length === 1);
  client.socket.destroy();
  await until(() => signals[0]?.aborted === true);
  const late = Buffer.from(pin);
  answers[0]?.(late);
  await until(() => late.every((byte) => byte === 0));
  const next = await Client.to(socketPath);
  next.send(signRequest(blob));
  await until(() => signals.length === 2);
  const right = Buffer.from(pin);
  answers[1]?.(right);
  expect(await next.reply()).toMatch(/^0e/);
  expect(right.every((byte) => byte === 0)).toBe(true);
  expect((await card.pinTries()).left).toBe(5);
  expect(warnings).toEqual([]);
});

test('the PIN is forgotten after its time, and by forgetPins', async () => {
  const { socketPath, blob, asked, agent } = await started({ lifetimeMs: 1_000 });
  const client = await Client.to(socketPath);
  expect(await client.ask(signRequest(blob))).toMatch(/^0e/);
  expect(await client.ask(signRequest(blob))).toMatch(/^0e/);
  expect(asked).toHaveLength(1);
  await setTimeout(1_100);
  expect(await client.ask(signRequest(blob))).toMatch(/^0e/);
  expect(asked).toHaveLength(2);
  await agent.forgetPins();
  expect(await client.ask(signRequest(blob))).toMatch(/^0e/);
  expect(asked).toHaveLength(3);
});

test('with a lifetime of 0 every signature asks', async () => {
  const { socketPath, blob, asked } = await started({ lifetimeMs: 0 });
  const client = await Client.to(socketPath);
  for (let time = 1; time <= 3; time += 1) {
    expect(await client.ask(signRequest(blob))).toMatch(/^0e/);
    expect(asked).toHaveLength(time);
  }
});

test('the log-in opens nothing for others, and ends with the agent', async () => {
  const { socketPath, blob, card, key, agent, manager } = await started();
  const client = await Client.to(socketPath);
  expect(await client.ask(signRequest(blob))).toMatch(/^0e/);
  await expectError(key.sign('ECDSA-SHA256', 'data'), 'ERR_PIN_REQUIRED');
  await agent.close();
  await until(() => client.isClosed);
  await expect(lstat(socketPath)).rejects.toThrow('ENOENT');
  expect((await manager.list()).map(({ instanceId }) => instanceId)).toEqual([card.instanceId]);
});

test('wrong PINs leave the last try alone', async () => {
  const { blob, card, socketPath, warnings, agent, manager, pin } = await started();
  await agent.close();
  const triesLeft: number[] = [];
  const stubborn = await SshAgent.start(manager, {
    socketPath,
    onPin: async (request) => {
      triesLeft.push(request.triesLeft);
      return otherPin(pin);
    },
    onWarning: ({ code }) => warnings.push(code),
  });
  const client = await Client.to(socketPath);
  for (let time = 0; time < 5; time += 1) {
    expect(await client.ask(signRequest(blob))).toBe(FAILURE);
  }
  expect(triesLeft).toEqual([5, 4, 3, 2]);
  expect((await card.pinTries()).left).toBe(1);
  expect(warnings).toEqual([
    ...['ERR_PIN_INCORRECT', 'ERR_PIN_INCORRECT'],
    ...['ERR_PIN_REQUIRED', 'ERR_PIN_REQUIRED', 'ERR_PIN_REQUIRED'],
  ]);
  await stubborn.close();
});

test('without a PIN, and without leave, nothing is signed', async () => {
  const { blob, agent, manager, socketPath, pin } = await started();
  await agent.close();
  const answers = { pin: undefined as Buffer | undefined, leave: true };
  const warnings: string[] = [];
  const careful = await SshAgent.start(manager, {
    socketPath,
    lifetimeMs: 0,
    onPin: async () => answers.pin,
    onConfirm: async () => answers.leave,
    onWarning: ({ code }) => warnings.push(code),
  });
  const client = await Client.to(socketPath);
  expect(await client.ask(signRequest(blob))).toBe(FAILURE);
  answers.pin = Buffer.from(pin);
  answers.leave = false;
  expect(await client.ask(signRequest(blob))).toBe(FAILURE);
  expect(warnings).toEqual(['ERR_PIN_REQUIRED', 'ERR_ABORTED']);
  answers.leave = true;
  expect(await client.ask(signRequest(blob))).toMatch(/^0e/);
  await careful.close();

  const broken = await SshAgent.start(manager, {
    socketPath,
    onPin: () => {
      throw new Error('no display');
    },
    onWarning: ({ message }) => warnings.push(message),
  });
  expect(await (await Client.to(socketPath)).ask(signRequest(blob))).toBe(FAILURE);
  expect(warnings.at(-1)).toContain('no display');
  await broken.close();
});

test('locked, it shows and signs nothing; wrong passphrases wait for one another', async () => {
  const { socketPath, blob, asked } = await started();
  const client = await Client.to(socketPath);
  const [lock, unlock] = [22, 23].map((type) => (passphrase: string) => {
    return Buffer.concat([Uint8Array.of(type), wireString(passphrase)]);
  }) as [(passphrase: string) => Buffer, (passphrase: string) => Buffer];
  expect(await client.ask(unlock('open'))).toBe(FAILURE);
  expect(await client.ask(signRequest(blob))).toMatch(/^0e/);
  expect(await client.ask(lock('sesame'))).toBe(SUCCESS);
  expect(await client.ask(lock('another'))).toBe(FAILURE);
  expect(await client.ask(LIST)).toBe('0c00000000');
  expect(await client.ask(signRequest(blob))).toBe(FAILURE);
  const guessers = await Promise.all(['', 'sesam', 'Sesame'].map(() => Client.to(socketPath)));
  const guesses = ['', 'sesam', 'Sesame'];
  const replies = guessers.map((each, number) => each.ask(unlock(guesses[number] ?? '')));
  expect(await Promise.all(replies)).toEqual([FAILURE, FAILURE, FAILURE]);
  expect(await client.ask(unlock('sesame'))).toBe(SUCCESS);
  expect(await client.ask(signRequest(blob))).toMatch(/^0e/);
  expect(asked).toHaveLength(2);
});

test('a card that is destroyed and made anew under its number is the new one', async () => {
  const { socketPath, blob, manager, card, asked } = await started();
  const client = await Client.to(socketPath);
  expect(await client.ask(signRequest(blob))).toMatch(/^0e/);
  const { instanceId, name } = card;
  await manager.destroy(instanceId);
  expect(await client.ask(LIST)).toBe('0c00000000');
  expect(await client.ask(signRequest(blob))).toBe(FAILURE);
  const { pin, ...rest } = cardOptions({ name });
  const made = await manager.create({ ...rest, pin });
  expect(made.instanceId).toBe(instanceId);
  const key = await made.createKey({ container: 'ssh', algorithm: 'EC-P256' }, { pin });
  expect(await client.ask(LIST)).toContain(sshPublicKey(key).blob.toString('hex'));
  expect(await client.ask(signRequest(blob))).toBe(FAILURE);
  expect(asked).toHaveLength(1);
});

test('several cards are served, or the one that is named; PINs are asked for each', async () => {
  const { socketPath, manager, card, agent, asked, blob } = await started();
  const { pin, ...rest } = cardOptions();
  const second = await manager.create({ ...rest, pin });
  const other = await second.createKey({ container: 'ssh', algorithm: 'EC-P384' }, { pin });
  const client = await Client.to(socketPath);
  expect(await client.ask(LIST)).toMatch(/^0c00000002/);
  expect(await client.ask(signRequest(blob))).toMatch(/^0e/);
  expect(asked.map(({ instanceId }) => instanceId)).toEqual([card.instanceId]);
  await agent.close();
  const one = await SshAgent.start(manager, { socketPath, instanceId: second.instanceId });
  const listed = await (await Client.to(socketPath)).ask(LIST);
  expect(listed).toMatch(/^0c00000001/);
  expect(listed).toContain(sshPublicKey(other).blob.toString('hex'));
  await manager.destroy(second.instanceId);
  expect(await (await Client.to(socketPath)).ask(LIST)).toBe('0c00000000');
  await one.close();
  const gone = SshAgent.start(manager, { socketPath, instanceId: second.instanceId });
  await expectError(gone, 'ERR_CARD_NOT_FOUND');
});

test('the socket is for its owner only, and a second agent does not take it', async () => {
  requireRoot();
  const { socketPath, manager, directory } = await started();
  expect((await lstat(socketPath)).mode & 0o777).toBe(0o600);
  expect((await lstat(join(directory, 'agent'))).mode & 0o777).toBe(0o700);
  const second = await expectError(SshAgent.start(manager, { socketPath }), 'ERR_SSH_AGENT');
  expect(second.message).toContain('Another agent');
  expect(await (await Client.to(socketPath)).ask(LIST)).toMatch(/^0c00000001/);

  // Where the directory and the mode would let another user in, the kernel's word keeps them out.
  await chmod(directory, 0o777);
  await chmod(join(directory, 'agent'), 0o777);
  await chmod(socketPath, 0o777);
  const script = `
    const socket = require('net').connect(process.argv[1], () => socket.write(Buffer.from('000000010b', 'hex')));
    socket.on('data', (bytes) => console.log('told', bytes.toString('hex')));
    socket.on('error', (error) => console.log(error.code));
    socket.on('close', () => console.log('cut off'));`;
  const words = [`--reuid=${NOBODY}`, '--clear-groups', process.execPath, '-e', script, socketPath];
  const { stdout } = await runProgram(['setpriv', ...words]);
  expect(stdout).toContain('cut off');
  expect(stdout).not.toContain('told');
});

test('a socket that nobody listens on any more is replaced; a folder of others is refused', async () => {
  const { directory, manager } = await started();
  const folder = join(directory, 'left');
  const socketPath = join(folder, 'sock');
  await mkdir(folder, { mode: 0o700 });
  const killed = spawn(process.execPath, [
    ...['-e', 'require("net").createServer().listen(process.argv[1])', socketPath],
  ]);
  await until(() => existsSync(socketPath));
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  const agent = await SshAgent.start(manager, { socketPath });
  expect((await lstat(socketPath)).isSocket()).toBe(true);
  await agent.close();
  await writeFile(join(folder, 'file'), 'what somebody wrote');
  const file = SshAgent.start(manager, { socketPath: join(folder, 'file') });
  expect((await expectError(file, 'ERR_SSH_AGENT')).message).toContain('no socket');
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('what somebody wrote');
  await chmod(folder, 0o750);
  const open = await expectError(SshAgent.start(manager, { socketPath }), 'ERR_SSH_AGENT');
  expect(open.message).toContain('0700');
  for (const wrong of ['relative/sock', `${folder}/${'x'.repeat(120)}`]) {
    await expectError(SshAgent.start(manager, { socketPath: wrong }), 'ERR_SSH_AGENT');
  }
});

test('wrong options are named', async () => {
  const { manager, directory } = await started();
  const socketPath = join(directory, 'other', 'sock');
  const wrong: [object, string][] = [
    [{ lifetimeMs: -1 }, 'lifetimeMs'],
    [{ lifetimeMs: Number.NaN }, 'lifetimeMs'],
    [{ lifetimeMs: '10m' }, 'lifetimeMs'],
    [{ onPin: 'pin' }, 'onPin'],
    [{ onConfirm: true }, 'onConfirm'],
    [{ allowSha1: 1 }, 'allowSha1'],
    [{ lifeTime: 1 }, 'options'],
    [{ socketPath: 'a\nb' }, 'socketPath'],
  ];
  for (const [options, parameter] of wrong) {
    const start = SshAgent.start(manager, { socketPath, ...options } as SshAgentOptions);
    expect((await expectError(start, 'ERR_INVALID_ARGUMENT')).parameter).toBe(parameter);
  }
  const nobody = SshAgent.start({} as VirtualSmartCardManager);
  expect((await expectError(nobody, 'ERR_INVALID_ARGUMENT')).parameter).toBe('manager');
  expect(() => ssh2Agent({} as never, manager)).toThrow(/BaseAgent/);
});
