import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type CreateKeySpec,
  SshAgent,
  type SshAgentOptions,
  type SshPinRequest,
  sshPublicKey,
  type VirtualSmartCardError,
} from '../../lib/index.js';
import { CommandLine, type ProgramRun, runProgram } from '../support/cli.js';
import { ServeProcess } from '../support/serve-process.js';
import { Sshd } from '../support/sshd.js';
import { cardOptions, openManager, otherPin, temporaryDirectory } from '../support/store.js';

const ALGORITHMS = ['RSA-2048', 'EC-P256', 'EC-P384'] as const;
const KEYS: CreateKeySpec[] = ALGORITHMS.map((algorithm) => ({ algorithm, container: algorithm }));

/** A card with these keys, and an agent that is told its PIN. */
async function agentWith(keys: readonly CreateKeySpec[], options: SshAgentOptions = {}) {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const { pin, ...rest } = cardOptions({ name: 'Work laptop' });
  const card = await manager.create({ ...rest, pin });
  for (const spec of keys) await card.createKey(spec, { pin });
  const asked: SshPinRequest[] = [];
  const warnings: VirtualSmartCardError[] = [];
  const agent = await SshAgent.start(manager, {
    socketPath: join(directory, 'agent', 'sock'),
    onPin: async (request) => {
      asked.push(request);
      return Buffer.from(pin);
    },
    onWarning: (warning) => warnings.push(warning),
    ...options,
  });
  const env = { ...process.env, SSH_AUTH_SOCK: agent.socketPath };
  const run = (...command: string[]) => runProgram(command, { env, cwd: directory });
  return { directory, manager, card, pin, agent, asked, warnings, env, run };
}

function expectDone(run: ProgramRun): ProgramRun {
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  return run;
}

test('logs in to sshd with RSA and ECDSA keys; the PIN is asked for once', async () => {
  const { agent, card, asked, warnings } = await agentWith(KEYS);
  const sshd = await Sshd.start();
  for (const key of await card.keys()) {
    const { line, fingerprint } = sshPublicKey(key);
    await sshd.authorize(line);
    expect(expectDone(await sshd.login(agent.socketPath)).stdout).toBe('logged in\n');
    const accepted = sshd.log.split('\n').filter((entry) => entry.startsWith('Accepted publickey'));
    expect(accepted.at(-1)).toContain(fingerprint);
  }
  expect(asked.map(({ container, triesLeft }) => [container, triesLeft])).toEqual([
    ['RSA-2048', 5],
  ]);
  expect(warnings).toEqual([]);
  await sshd.authorize();
  expect((await sshd.login(agent.socketPath)).stderr).toContain('Permission denied');
  await agent.close();
});

test.each(['rsa-sha2-256', 'rsa-sha2-512'])('logs in by %s', async (algorithm) => {
  const { agent, card } = await agentWith([{ container: 'ssh', algorithm: 'RSA-2048' }]);
  const sshd = await Sshd.start();
  await sshd.authorize(sshPublicKey(await card.key()).line);
  const only = ['-v', '-o', `PubkeyAcceptedAlgorithms=${algorithm}`];
  const { stdout, stderr } = expectDone(await sshd.login(agent.socketPath, ...only));
  expect(stdout).toBe('logged in\n');
  expect(stderr).toMatch(/Authenticated to .* using "publickey"/);
  await agent.close();
});

test('never signs with SHA-1, unless it is allowed', async () => {
  const { run, warnings, agent, card, manager, directory, pin } = await agentWith(KEYS.slice(0, 1));
  const file = join(directory, 'key.pub');
  await writeFile(file, sshPublicKey(await card.key()).line);
  // Its test signature is one of ssh-rsa.
  expect((await run('ssh-add', '-T', file)).exitCode).not.toBe(0);
  expect(warnings.map(({ code }) => code)).toEqual(['ERR_ALGORITHM_NOT_SUPPORTED']);
  await agent.close();
  const lax = await SshAgent.start(manager, {
    socketPath: join(directory, 'agent', 'sock'),
    onPin: async () => Buffer.from(pin),
    allowSha1: true,
  });
  expectDone(await run('ssh-add', '-T', file));
  await lax.close();
});

test('ssh-add lists what ssh-key prints, and keys that come and go', async () => {
  const { run, agent, card, pin } = await agentWith(KEYS);
  const lines = async () =>
    (await card.keys()).map((key) => sshPublicKey(key, `Work laptop ${key.container}`));
  const listed = expectDone(await run('ssh-add', '-L')).stdout;
  expect(listed.trim().split('\n')).toEqual((await lines()).map(({ line }) => line));
  const prints = expectDone(await run('ssh-add', '-l')).stdout;
  for (const { fingerprint } of await lines()) expect(prints).toContain(fingerprint);

  await card.deleteKey('EC-P384', { pin });
  await card.createKey({ container: 'new', algorithm: 'EC-P256' }, { pin });
  const now = expectDone(await run('ssh-add', '-L')).stdout;
  expect(now.trim().split('\n')).toEqual((await lines()).map(({ line }) => line));
  expect(now).toContain(' Work laptop new');
  await agent.close();
});

test('ssh-add locks and unlocks it; the PIN is asked for again', async () => {
  const { run, agent, asked, env, directory } = await agentWith(KEYS.slice(1, 2));
  const askpass = join(directory, 'askpass');
  await writeFile(askpass, '#!/bin/sh\ncat passphrase\n');
  await chmod(askpass, 0o755);
  const by = (passphrase: string, flag: string) => {
    const asking = { ...env, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' };
    return writeFile(join(directory, 'passphrase'), `${passphrase}\n`).then(() =>
      runProgram(['ssh-add', flag], { env: asking, cwd: directory }),
    );
  };
  await writeFile(join(directory, 'key.pub'), expectDone(await run('ssh-add', '-L')).stdout);
  expectDone(await run('ssh-add', '-T', 'key.pub'));
  expectDone(await by('open sesame', '-x'));
  expect((await run('ssh-add', '-l')).stdout).toContain('no identities');
  expect((await run('ssh-add', '-T', 'key.pub')).exitCode).not.toBe(0);
  expect((await by('open barley', '-X')).exitCode).not.toBe(0);
  expect((await run('ssh-add', '-l')).stdout).toContain('no identities');
  expectDone(await by('open sesame', '-X'));
  expectDone(await run('ssh-add', '-T', 'key.pub'));
  expect(asked).toHaveLength(2);
  await agent.close();
});

test('ssh-keygen signs files by it, and git commits that git verifies', async () => {
  const { run, agent, directory } = await agentWith(KEYS);
  await writeFile(join(directory, 'data'), 'what is signed');
  const lines = expectDone(await run('ssh-add', '-L'))
    .stdout.trim()
    .split('\n');
  expect(lines).toHaveLength(3);
  for (const [number, line] of lines.entries()) {
    const file = join(directory, `key-${number}.pub`);
    await writeFile(file, `${line}\n`);
    await writeFile(join(directory, 'allowed'), `me@example.org ${line}\n`);
    const signing = ['ssh-keygen', '-Y', 'sign', '-n', 'file', '-f', file, 'data'];
    expectDone(await run('rm', '-f', 'data.sig'));
    expectDone(await run(...signing));
    const verify = 'ssh-keygen -Y verify -n file -f allowed -I me@example.org -s data.sig < ';
    expectDone(await run('sh', '-c', `${verify} data`));
    expect((await run('sh', '-c', `${verify} allowed`)).exitCode).not.toBe(0);

    const git = (...words: string[]) => {
      const settings = [
        'user.name=Me',
        'user.email=me@example.org',
        'gpg.format=ssh',
        `user.signingKey=${file}`,
        `gpg.ssh.allowedSignersFile=${join(directory, 'allowed')}`,
      ];
      return run('git', '-C', 'repository', ...settings.flatMap((each) => ['-c', each]), ...words);
    };
    if (number === 0) expectDone(await run('git', 'init', '-q', 'repository'));
    expectDone(await git('commit', '-q', '-S', '--allow-empty', '-m', `by key ${number}`));
    const verified = expectDone(await git('verify-commit', 'HEAD')).stderr;
    expect(verified).toContain('Good "git" signature for me@example.org');
  }
  await agent.close();
});

test('works through serve; when that is killed and started anew, so are the keys there again', async () => {
  const directory = await temporaryDirectory();
  const store = join(directory, 'store');
  const first = await ServeProcess.start(store);
  const manager = await openManager(store);
  const { pin, ...rest } = cardOptions();
  const card = await manager.create({ ...rest, pin });
  await card.createKey({ container: 'ssh', algorithm: 'EC-P256' }, { pin });
  let asked = 0;
  const agent = await SshAgent.start(manager, {
    socketPath: join(directory, 'agent', 'sock'),
    onPin: async () => {
      asked += 1;
      return Buffer.from(pin);
    },
    onWarning: () => undefined,
  });
  const env = { ...process.env, SSH_AUTH_SOCK: agent.socketPath };
  const run = (...command: string[]) => runProgram(command, { env, cwd: directory });
  await writeFile(join(directory, 'key.pub'), expectDone(await run('ssh-add', '-L')).stdout);
  expectDone(await run('ssh-add', '-T', 'key.pub'));
  await first.kill();
  expect((await run('ssh-add', '-T', 'key.pub')).exitCode).not.toBe(0);
  expect(asked).toBe(1);
  await ServeProcess.start(store);
  expectDone(await run('ssh-add', '-T', 'key.pub'));
  expect(asked).toBe(2);
  await agent.close();
});

test('asks by SSH_ASKPASS, again after a wrong PIN, and never uses up the last try', async () => {
  const cli = await CommandLine.start();
  await cli.create();
  const inf = '[NewRequest]\nSubject="CN=Jo"\nKeyLength=2048\nRequestType=Cert\n';
  await writeFile(cli.path('request.inf'), inf);
  await cli.json(['certreq', '-new', cli.path('request.inf'), '--pin-stdin'], `${cli.pin}\n`);
  const askpass = cli.path('askpass');
  // Answers with the first line of a file, takes it off, and notes what it was asked.
  await writeFile(
    askpass,
    '#!/bin/sh\nprintf "%s\\n" "$1" >> asked\nhead -n 1 answers\nsed -i 1d answers\n',
  );
  await chmod(askpass, 0o755);
  const env = { ...cli.env, SSH_ASKPASS: askpass };
  await writeFile(cli.path('data'), 'what is signed');
  const socket = cli.path('agent/sock');
  const sign = async (answers: string[]) => {
    await writeFile(cli.path('answers'), answers.map((pin) => `${pin}\n`).join(''));
    await writeFile(cli.path('asked'), '');
    const script =
      'ssh-add -L > key.pub && rm -f data.sig && ssh-keygen -q -Y sign -n file -f key.pub data';
    const run = await cli.run(['agent', '--socket', socket, '--', 'sh', '-c', script], {
      env,
      cwd: cli.folder,
    });
    const asked = (await readFile(cli.path('asked'), 'utf8')).split('\n');
    return { ...run, asked: asked.filter((line) => line !== '') };
  };
  const wrong = otherPin(Buffer.from(cli.pin)).toString();

  const second = await sign([wrong, cli.pin]);
  expectDone(second);
  expect(second.asked).toHaveLength(2);
  expect(second.asked[0]).toMatch(/^PIN of the card "Card", for its key .* \(5 tries left\): $/);
  expect(second.asked[1]).toMatch(/^The PIN was wrong\. PIN .* \(4 tries left\): $/);

  expect((await sign([wrong, wrong, wrong])).asked).toHaveLength(3);
  const fourth = await sign([wrong, wrong, wrong]);
  expect(fourth.exitCode).not.toBe(0);
  expect(fourth.asked).toHaveLength(1);
  // One is left, and is not touched, with the right PIN either.
  const last = await sign([cli.pin]);
  expect(last.exitCode).not.toBe(0);
  expect(last.asked).toEqual([]);
  expect(last.stderr).toContain('one try');
  expect(second.stderr + fourth.stderr + last.stderr).not.toContain(wrong);
  await cli.json(['verify-pin', '--pin-stdin'], `${cli.pin}\n`);
  expectDone(await sign([cli.pin]));
});
