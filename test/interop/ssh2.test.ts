import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { type BaseAgent, Client, utils } from 'ssh2';
import { expect, onTestFinished, test } from 'vitest';
import { sshPublicKey } from '../../lib/index.js';
import { startSsh2Agent } from '../support/ssh2-agent.js';
import { Sshd } from '../support/sshd.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

/** What a command says on the server, reached by the package ssh2. */
async function runBySsh2(sshd: Sshd, agent: BaseAgent, command: string): Promise<string> {
  const client = new Client();
  onTestFinished(() => {
    client.destroy();
  });
  const hostKey = createHash('sha256')
    .update(await sshd.hostKey())
    .digest();
  const ready = once(client, 'ready');
  client.connect({
    host: '127.0.0.1',
    port: sshd.port,
    username: userInfo().username,
    agent,
    hostVerifier: (key: Buffer) =>
      timingSafeEqual(createHash('sha256').update(key).digest(), hostKey),
  });
  await ready;
  const said = await new Promise<string>((resolve, reject) => {
    client.exec(command, (error, stream) => {
      if (error) return reject(error);
      let text = '';
      stream.on('data', (data: Buffer) => {
        text += data;
      });
      stream.on('close', () => resolve(text));
    });
  });
  client.end();
  return said;
}

test('the package ssh2 logs in to sshd by the agent in the process, with RSA and ECDSA keys', async () => {
  const manager = await openManager(await temporaryDirectory());
  const { pin, ...options } = cardOptions();
  const card = await manager.create({ ...options, pin });
  for (const algorithm of ['RSA-2048', 'EC-P256', 'EC-P384'] as const) {
    await card.createKey({ algorithm, container: algorithm }, { pin });
  }
  const { agent, asked } = startSsh2Agent(manager, pin);
  const sshd = await Sshd.start();
  for (const key of await card.keys()) {
    const { line, fingerprint } = sshPublicKey(key);
    await sshd.authorize(line);
    expect(await runBySsh2(sshd, agent, 'echo logged in')).toBe('logged in\n');
    const accepted = sshd.log.split('\n').filter((entry) => entry.startsWith('Accepted publickey'));
    expect(accepted.at(-1)).toContain(fingerprint);
  }
  expect(asked()).toBe(1);
  await sshd.authorize();
  await expect(runBySsh2(sshd, agent, 'echo logged in')).rejects.toThrow(/authentication methods/);
});

test('ssh2 reads the public keys that ssh-key prints', async () => {
  const manager = await openManager(await temporaryDirectory());
  const { pin, ...options } = cardOptions();
  const card = await manager.create({ ...options, pin });
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  const parsed = utils.parseKey(sshPublicKey(key).line);
  if (parsed instanceof Error) throw parsed;
  expect(parsed.getPublicSSH()).toEqual(sshPublicKey(key).blob);
});
