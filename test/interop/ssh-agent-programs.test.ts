import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SshAgent, sshPublicKey } from '../../lib/index.js';
import { runProgram } from '../support/cli.js';
import { Sshd } from '../support/sshd.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

const ALGORITHMS = ['RSA-2048', 'EC-P256'] as const;

async function agentWithKeys() {
  const directory = await temporaryDirectory();
  const manager = await openManager(join(directory, 'store'));
  const { pin, ...rest } = cardOptions();
  const card = await manager.create({ ...rest, pin });
  const lines: string[] = [];
  for (const algorithm of ALGORITHMS) {
    const { line } = sshPublicKey(
      await card.createKey({ algorithm, container: algorithm }, { pin }),
    );
    lines.push(line);
    await writeFile(join(directory, `${algorithm}.pub`), `${line}\n`);
  }
  const socketPath = join(directory, 'agent', 'sock');
  const agent = await SshAgent.start(manager, { socketPath, onPin: async () => Buffer.from(pin) });
  const env = { ...process.env, SSH_AUTH_SOCK: socketPath };
  const shell = async (script: string) => {
    const run = await runProgram(['sh', '-ec', script], { env, cwd: directory });
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    return run.stdout;
  };
  return { agent, lines, shell };
}

test.each(ALGORITHMS)('a %s key on the card certifies users and hosts', async (algorithm) => {
  const { agent, shell } = await agentWithKeys();
  await shell('ssh-keygen -q -t ed25519 -N "" -f own');
  const certify = `ssh-keygen -q -s ${algorithm}.pub -U -I id -n someone`;
  const user = await shell(`${certify} own.pub; ssh-keygen -L -f own-cert.pub`);
  expect(user).toContain('user certificate');
  expect(user).toMatch(algorithm === 'EC-P256' ? /CA: ECDSA/ : /CA: RSA .*using rsa-sha2-512/);
  const host = await shell(`${certify} -h own.pub; ssh-keygen -L -f own-cert.pub`);
  expect(host).toContain('host certificate');
  await agent.close();
});

test('forwarded, it logs in from the host it was forwarded to, without session-bind', async () => {
  const { agent, lines, shell } = await agentWithKeys();
  const sshd = await Sshd.start();
  await sshd.authorize(...lines);
  const words = ['ssh', '-A', ...sshd.options, 'test-host'];
  const hop = words.map((word) => `'${word}'`).join(' ');
  expect(await shell(`${hop} ssh-add -L`)).toContain(lines[0]?.split(' ')[1]);
  expect(await shell(`${hop} "${hop} echo at the second"`)).toBe('at the second\n');
  await agent.close();
});
