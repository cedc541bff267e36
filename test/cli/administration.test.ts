import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, it } from 'vitest';
import { AdminKey } from '../../lib/index.js';
import { CommandLine, PROGRAM } from '../support/cli.js';
import { runInTerminal } from '../support/pty.js';
import { ServeProcess } from '../support/serve-process.js';
import { randomPin } from '../support/store.js';

let cli: CommandLine;

beforeEach(async () => {
  cli = await CommandLine.start();
});

/** `unblock --offline` as a process, answered by whoever gets the text of its challenge. */
async function unblockOffline(newPin: string, answer: (challenge: string) => Promise<string>) {
  const words = [PROGRAM, 'unblock', '--offline', '--pin-stdin', '--json'];
  const child = spawn(process.execPath, words, { env: cli.env });
  const stdout = text(child.stdout);
  const exit = once(child, 'close');
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${newPin}\n`);
  const shown: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    shown.push(line);
    const challenge = /^Challenge: (.*)$/.exec(line)?.[1];
    if (challenge !== undefined) child.stdin.write(`${await answer(challenge)}\n`);
  }
  const [exitCode] = await exit;
  return { stdout: await stdout, shown, exitCode };
}

/** The help desk: another process, with the key and the text alone. */
async function helpDesk(challenge: string, keyLine: string, ...words: string[]): Promise<string> {
  const env = { PATH: process.env['PATH'] };
  const respond = ['admin-key', 'respond', challenge, '--admin-key-stdin', ...words];
  const { stdout, stderr, exitCode } = await cli.run(respond, { env, input: `${keyLine}\n` });
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return stdout.trim();
}

describe('a card is unblocked by two processes that share only the text', () => {
  it('with the admin key', async () => {
    const { adminKey } = await cli.create();
    const newPin = randomPin().toString();
    const outcome = await unblockOffline(newPin, (challenge) =>
      helpDesk(challenge, String(adminKey)),
    );
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(outcome.stdout)).toMatchObject({ unblocked: true });
    await cli.json(['verify-pin', '--pin-stdin'], `${newPin}\n`);
  });

  it('with the master key, while others use the card through the process that serves it', async () => {
    const masterKey = randomBytes(32).toString('hex');
    const { adminKey, cardId } = await cli.create();
    await cli.json(
      ['admin-key', 'change', '--next', 'derived', '--admin-key-stdin'],
      `${adminKey}\n${masterKey}\n`,
    );
    await ServeProcess.start(cli.path('store'));
    const newPin = randomPin().toString();
    const outcome = await unblockOffline(newPin, async (challenge) => {
      await cli.json(['verify-pin', '--pin-stdin'], `${cli.pin}\n`);
      await cli.json(['list']);
      return helpDesk(challenge, masterKey, '--diversifier', String(cardId));
    });
    expect(outcome.shown.filter((line) => line.startsWith('Challenge'))).toHaveLength(1);
    expect(outcome.exitCode).toBe(0);
    await cli.json(['verify-pin', '--pin-stdin'], `${newPin}\n`);
  });

  it('on a terminal, where a slip may be corrected', async () => {
    const { adminKey } = await cli.create();
    const newPin = randomPin().toString();
    const key = AdminKey.fromHex(String(adminKey));
    const words = [process.execPath, PROGRAM, 'unblock', '--offline'];
    const session = await runInTerminal(
      words,
      [
        { after: 'New PIN: ', type: `${newPin}\r` },
        { after: 'again: ', type: `${newPin}\r` },
        { after: /Challenge: ([0-9A-F-]{24})[\s\S]*Response: /, type: '1234-5678\r' },
        { after: 'was not taken', type: `${key.respond(randomBytes(8)).toString('hex')}\r` },
      ],
      { env: cli.env },
    );
    // The second one has the form of a response, and belongs to another challenge.
    expect(session.transcript).toContain('ERR_ADMIN_KEY_INCORRECT');
    expect(session.exitCode).toBe(1);
    expect(session.transcript).not.toContain(newPin);
    await cli.json(['verify-pin', '--pin-stdin'], `${cli.pin}\n`);
  });
});

describe('unblock --offline', () => {
  it('says that a response is wrong, and sets no PIN', async () => {
    await cli.create();
    const wrong = AdminKey.random().exportHex();
    const outcome = await unblockOffline('87654321', (challenge) => helpDesk(challenge, wrong));
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.shown.join('\n')).toContain('ERR_ADMIN_KEY_INCORRECT');
    await cli.json(['verify-pin', '--pin-stdin'], `${cli.pin}\n`);
  });

  it('is refused where nothing can come of it', async () => {
    const puk = randomPin(10).toString();
    await cli.json(
      ['create', '--name', 'With PUK', '--generate', '--puk', 'prompt', '--pin-stdin'],
      `${cli.pin}\n${puk}\n`,
    );
    for (const words of [['--offline'], ['--offline', '--admin-key', 'default']]) {
      const failure = await cli.failure(['unblock', '--pin-stdin', ...words], `${puk}\n`);
      expect(failure).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
    }
  });
});

describe('admin-key', () => {
  it('respond refuses a challenge with a slip, and wants no secret as an argument', async () => {
    const key = AdminKey.random().exportHex();
    for (const words of [[], ['1234'], ['1A2B-3C4D-5E6F-7081-0000'], [key]]) {
      const failure = await cli.failure(
        ['admin-key', 'respond', '--admin-key-stdin', ...words],
        `${key}\n`,
      );
      expect(failure).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
      expect(JSON.stringify(failure)).not.toContain(key.slice(0, 12));
    }
    const failure = await cli.failure(['admin-key', key]);
    expect(failure).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
    expect(JSON.stringify(failure)).not.toContain(key);
  });

  it('derive gives what the library derives, or writes it to a file of its owner', async () => {
    const masterKey = randomBytes(40);
    const line = `${masterKey.toString('hex')}\n`;
    const words = ['admin-key', 'derive', '--diversifier', 'laptop-4711', '--admin-key-stdin'];
    const { kcv, exportHex } = {
      kcv: AdminKey.derive(masterKey, 'laptop-4711').kcv,
      exportHex: AdminKey.derive(masterKey, 'laptop-4711').exportHex(),
    };
    expect(await cli.json(words, line)).toEqual({ kcv, adminKey: exportHex });
    const path = cli.path('key.txt');
    const written = await cli.json([...words, '--admin-key-out', path], line);
    expect(written).toEqual({ kcv, adminKeyFile: path });
    expect(await readFile(path, 'utf8')).toBe(`${exportHex}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const short = await cli.failure(words, `${'ab'.repeat(31)}\n`);
    expect(short).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
  });

  it('change writes a random key before the card has it, and takes it back otherwise', async () => {
    const { adminKey } = await cli.create();
    const path = cli.path('next.txt');
    const words = ['admin-key', 'change', '--admin-key-out', path, '--admin-key-stdin'];
    const wrong = await cli.failure(words, `${AdminKey.random().exportHex()}\n`);
    expect(wrong).toMatchObject({ code: 'ERR_ADMIN_KEY_INCORRECT', exitCode: 1 });
    expect(await readdir(cli.folder)).toEqual(['store']);
    const { kcv } = await cli.json(words, `${adminKey}\n`);
    const next = AdminKey.fromHex((await readFile(path, 'utf8')).trim());
    expect(next.kcv).toBe(kcv);
    const again = await cli.failure(words, `${next.exportHex()}\n`);
    expect(again).toMatchObject({ code: 'ERR_FILE_EXISTS' });
    const newPin = randomPin().toString();
    await cli.json(['unblock', '--pin-stdin'], `${next.exportHex()}\n${newPin}\n`);
    const typed = AdminKey.random().exportHex();
    const prompt = ['admin-key', 'change', '--next', 'prompt', '--admin-key-stdin'];
    await cli.json(prompt, `${next.exportHex()}\n${typed}\n`);
    await cli.json(['unblock', '--pin-stdin'], `${typed}\n${cli.pin}\n`);
  });

  it('change refuses options that do not go together', async () => {
    for (const words of [
      [],
      ['--next', 'prompt', '--admin-key-out', 'x'],
      ['--next', 'prompt', '--diversifier', 'x'],
    ]) {
      const failure = await cli.failure(['admin-key', 'change', '--admin-key-stdin', ...words]);
      expect(failure).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
    }
  });
});

describe('create --if-missing', () => {
  it('makes a card and its key file once', async () => {
    const path = cli.path('key.txt');
    const words = ['--if-missing', '--admin-key-out', path];
    const made = await cli.create(...words);
    expect(made).toMatchObject({ created: true, adminKeyFile: path });
    const key = await readFile(path, 'utf8');
    const found = await cli.create(...words);
    expect(found).toMatchObject({ created: false, instanceId: made['instanceId'] });
    expect(found['adminKeyFile']).toBeUndefined();
    expect(await readFile(path, 'utf8')).toBe(key);
    expect(await cli.json(['list'])).toMatchObject({ cards: [{}] });
  });

  it('gives the card the derived key at once, and goes on where it has the first one', async () => {
    const masterKey = randomBytes(32);
    const first = AdminKey.random().exportHex();
    const input = `${cli.pin}\n${first}\n${masterKey.toString('hex')}\n`;
    const words = ['create', '--name', 'Card', '--generate', '--pin-stdin'];
    const known = [...words, '--admin-key', 'prompt'];
    await cli.json(known, `${cli.pin}\n${first}\n`);
    const derived = [...known, '--if-missing', '--next-admin-key', 'derived'];
    const { cardId, created } = await cli.json(derived, input);
    expect(created).toBe(false);
    await cli.json(derived, input);
    const key = AdminKey.derive(masterKey, String(cardId)).exportHex();
    await cli.json(['unblock', '--pin-stdin'], `${key}\n87654321\n`);
    const other = ['create', '--name', 'Other', '--generate', '--pin-stdin'];
    const made = await cli.json(
      [...other, '--next-admin-key', 'derived', '--diversifier', 'other'],
      `${cli.pin}\n${masterKey.toString('hex')}\n`,
    );
    expect(made['adminKey']).toBeUndefined();
    const otherKey = AdminKey.derive(masterKey, 'other').exportHex();
    const unblock = ['unblock', '--instance', String(made['instanceId']), '--pin-stdin'];
    await cli.json(unblock, `${otherKey}\n87654321\n`);
    for (const wrong of [
      ['--diversifier', 'x'],
      ['--next-admin-key', masterKey.toString('hex')],
    ]) {
      expect(await cli.failure([...other, ...wrong])).toMatchObject({ code: 'ERR_USAGE' });
    }
  });

  it('makes no card whose key would not be stored', async () => {
    const path = cli.path('key.txt');
    await writeFile(path, 'of another card');
    const words = ['create', '--name', 'Card', '--generate', '--pin-stdin', '--if-missing'];
    const failure = await cli.failure([...words, '--admin-key-out', path], `${cli.pin}\n`);
    expect(failure).toMatchObject({ code: 'ERR_FILE_EXISTS', exitCode: 1 });
    expect(await readFile(path, 'utf8')).toBe('of another card');
    expect(await cli.json(['list'])).toEqual({ cards: [] });
  });

  it('processes at once make one card of a store that is served', async () => {
    await ServeProcess.start(cli.path('store'));
    const outcomes = await Promise.all([1, 2, 3].map(() => cli.create('--if-missing')));
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(outcomes.map(({ cardId }) => cardId)).size).toBe(1);
  });
});
