import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CommandLine, PROGRAM, runProgram } from '../support/cli.js';
import { otherPin, randomPin } from '../support/store.js';

const ID = 'ROOT\\SMARTCARDREADER\\0000';

let cli: CommandLine;

beforeEach(async () => {
  cli = await CommandLine.start();
});

describe('the PIN', () => {
  it('is checked, counted, changed and unblocked by the admin key', async () => {
    const { adminKey } = await cli.create();
    const wrong = otherPin(Buffer.from(cli.pin)).toString();
    expect(await cli.json(['verify-pin', '--pin-stdin'], `${cli.pin}\n`)).toEqual({
      instanceId: ID,
      verified: true,
    });
    const verify = await cli.failure(['verify-pin', '--pin-stdin'], `${wrong}\n`);
    expect(verify).toMatchObject({ code: 'ERR_PIN_INCORRECT', triesLeft: 4, exitCode: 1 });
    const changed = randomPin().toString();
    const change = await cli.failure(['change-pin', '--pin-stdin'], `${wrong}\n${changed}\n`);
    expect(change).toMatchObject({ code: 'ERR_PIN_INCORRECT', triesLeft: 3 });
    await cli.json(['change-pin', '--pin-stdin'], `${cli.pin}\n${changed}\n`);
    await cli.json(['verify-pin', '--pin-stdin'], `${changed}\n`);

    for (let tries = 4; tries >= 0; tries -= 1) {
      const failure = await cli.failure(['verify-pin', '--pin-stdin'], `${cli.pin}\n`);
      expect(failure['code']).toMatch(tries > 0 ? 'ERR_PIN_INCORRECT' : /ERR_PIN_/);
    }
    const blocked = await cli.run(['verify-pin', '--pin-stdin'], { input: `${changed}\n` });
    expect(blocked.exitCode).toBe(1);
    expect(blocked.stderr).toContain('ERR_PIN_BLOCKED');
    expect(blocked.stderr).toContain('virtual-smartcard unblock');
    expect(blocked.stderr).not.toContain(changed);
    const badKey = `${'00'.repeat(24)}\n${cli.pin}\n`;
    expect(await cli.failure(['unblock', '--pin-stdin'], badKey)).toMatchObject({
      code: 'ERR_ADMIN_KEY_INCORRECT',
    });
    await cli.json(['unblock', '--pin-stdin'], `${adminKey}\n${cli.pin}\n`);
    await cli.json(['verify-pin', '--pin-stdin'], `${cli.pin}\n`);
  });

  it('shows in no error, not even with the stack', async () => {
    await cli.create();
    const wrong = otherPin(Buffer.from(cli.pin)).toString();
    const env = { ...cli.env, VIRTUAL_SMARTCARD_DEBUG: '1' };
    const words = ['verify-pin', '--pin-stdin'];
    const { stderr } = await cli.run(words, { env, input: `${wrong}\n` });
    expect(stderr).toMatch(/\n {4}at /);
    expect(stderr).not.toContain(wrong);
    expect((await cli.run(words, { input: `${wrong}\n` })).stderr).not.toMatch(/\n {4}at /);
  });
});

describe('the TPM', () => {
  it('is shown, and its lockout is reset', async () => {
    const status = await cli.json(['tpm']);
    expect(status).toMatchObject({ kind: 'software', address: 'libtpms', maxAuthFail: 32 });
    expect(await cli.json(['tpm', 'status'])).toEqual(status);
    expect((await cli.run(['tpm'])).stdout).toContain('failures:  0 of 32');
    const words = ['tpm', 'reset-lockout', '--authorization-stdin'];
    expect(await cli.failure(words, '\n')).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
    const reset = await cli.json([...words, '--yes'], '\n');
    expect(reset).toMatchObject({
      inLockout: false,
      warnings: [expect.stringContaining('bans further tries for 1 day')],
    });
    const wrong = await cli.run([...words, '--yes'], { input: 'not the authorisation\n' });
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toContain('ERR_TPM_LOCKOUT_AUTHORIZATION');
    expect(wrong.stderr).not.toContain('not the authorisation\n');
  });

  it('belongs to one process at a time', async () => {
    await cli.create();
    const words = [PROGRAM, 'verify-pin', '--pin-stdin'];
    const holder = spawn(process.execPath, words, {
      env: cli.env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(holder, 'close');
    const lock = join(cli.env['VIRTUAL_SMARTCARD_HOME'] ?? '', 'lock');
    await vi.waitFor(async () => expect(await readFile(lock, 'utf8')).toContain(`${holder.pid}`), {
      timeout: 30_000,
    });
    const second = await cli.run(['list', '--json']);
    expect(JSON.parse(second.stderr)).toMatchObject({
      code: 'ERR_STATE_IN_USE',
      holderPid: holder.pid,
    });
    holder.stdin.end(`${cli.pin}\n`);
    expect(await ended).toEqual([0, null]);
  });
});

describe('the program itself', () => {
  it('explains its verbs, on --help and on wrong lines', async () => {
    const help = await cli.run(['help']);
    expect(help.stdout).toContain('verify-pin');
    expect(await cli.run(['--help'])).toEqual(help);
    const create = await cli.run(['help', 'create']);
    expect(create.stdout).toContain('--admin-key, /adminkey random|prompt|default');
    expect(await cli.run(['create', '/?'])).toEqual(create);
    expect((await cli.json(['help', 'tpm', 'reset-lockout']))['help']).toContain('lockout');
    const nothing = await cli.run([]);
    expect([nothing.exitCode, nothing.stdout]).toEqual([2, '']);
    expect(nothing.stderr).toContain('verify-pin');
    expect(await cli.failure(['frobnicate'])).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
  });

  it('tells its version', async () => {
    const file = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    const { name, version } = JSON.parse(file) as Record<string, string>;
    expect(await cli.json(['version'])).toEqual({ name, version });
    expect((await cli.run(['--version'])).stdout).toBe(`${name} ${version}\n`);
  });

  it('takes the state directory from an option, too', async () => {
    const directory = cli.path('another');
    const words = ['list', '--tpm', 'libtpms', '--state-directory', directory];
    expect(await cli.json(words)).toEqual({ cards: [] });
    expect(await readdir(directory)).toContain('store.json');
  });

  it('takes the store of certificates from an option, where there is one', async () => {
    expect(await cli.json(['list', '--certificate-store', 'none'])).toEqual({ cards: [] });
    const refused = await cli.failure(['list', '/certificate-store', 'currentUser']);
    expect(refused).toMatchObject({
      code: 'ERR_NOT_SUPPORTED',
      parameter: 'certificateStore',
      exitCode: 1,
    });
    const wrong = await cli.run(['list', '--certificate-store=machine']);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain('currentuser or none');
    expect((await cli.run(['help', 'list'])).stdout).toContain(
      '--certificate-store currentuser|none',
    );
  });

  it('ends quietly when nobody reads its output any more', async () => {
    expect(await withoutReader('help')).toBe('ended with 1\n');
  });

  it('says that a card was made whose admin key nobody could read', async () => {
    const line = 'create --name X --generate --pin default';
    const stderr = await withoutReader(line);
    expect(stderr).toContain('its random admin key could not be shown and is lost');
    expect(stderr).toContain('ended with 1\n');
    expect(await cli.json(['list'])).toMatchObject({ cards: [{ name: 'X' }] });
  });
});

/** Runs a line when the reader of its standard output has gone, and returns its standard error. */
async function withoutReader(line: string): Promise<string> {
  const program = `"${process.execPath}" "${PROGRAM}" ${line}; echo ended with $? >&2`;
  const script = `mkfifo gone; { read word < gone; ${program}; } | { exec 0<&-; echo > gone; }`;
  const options = { env: cli.env, cwd: cli.folder };
  return (await runProgram(['sh', '-c', script], options)).stderr;
}
