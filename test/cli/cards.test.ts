import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { CommandLine } from '../support/cli.js';
import { randomPin } from '../support/store.js';

const ID = 'ROOT\\SMARTCARDREADER\\0000';
const ID_1 = 'ROOT\\SMARTCARDREADER\\0001';
const INF = '[NewRequest]\nSubject = "CN=Jo Doe"\nRequestType = Cert\n';

let cli: CommandLine;

beforeEach(async () => {
  cli = await CommandLine.start();
});

describe('cards', () => {
  it('are created, listed, shown and destroyed', async () => {
    expect(await cli.json(['list'])).toEqual({ cards: [] });
    const made = await cli.create();
    expect(made).toMatchObject({ instanceId: ID, name: 'Card', state: 'ready', tpm: 'software' });
    expect(made['adminKey']).toMatch(/^[0-9a-f]{48}$/);

    const { adminKey: _key, ...card } = made;
    expect(await cli.json(['list'])).toEqual({ cards: [card] });
    for (const spelling of [ID, 'root/smartcardreader/0000', 'ROOTSMARTCARDREADER0000', '0000']) {
      expect(await cli.json(['info', '--instance', spelling])).toEqual(card);
    }
    expect(await cli.json(['info'])).toEqual(card);
    const shown = await cli.run(['list']);
    expect(shown.stdout).toContain(`${ID}  Card\n`);
    expect(shown.stdout).toContain('tpm: software');

    const destroyed = await cli.run(['destroy', '/instance', 'ROOTSMARTCARDREADER0000']);
    expect(destroyed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(destroyed.stdout).toMatch(/TPM Smart Card destroyed\.\n$/);
    expect(await cli.json(['list'])).toEqual({ cards: [] });
    expect(await cli.failure(['info', '--instance', '0000'])).toMatchObject({
      code: 'ERR_CARD_NOT_FOUND',
      exitCode: 1,
    });
  });

  it('must be named when there are several', async () => {
    await cli.create();
    await cli.create();
    const instanceIds = [ID, ID_1];
    for (const words of [
      ['info'],
      ['keys'],
      ['certificates'],
      ['certificates', 'export'],
      ['verify-pin', '--pin-stdin'],
      ['change-pin', '--pin-stdin'],
      ['unblock', '--pin-stdin'],
      ['sign', '--pin-stdin', '--in', cli.path('store')],
    ]) {
      const failure = await cli.failure(words, `${cli.pin}\n`);
      expect(failure).toMatchObject({ code: 'ERR_CARD_AMBIGUOUS', instanceIds, exitCode: 1 });
    }
    expect(await cli.failure(['destroy'])).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
    const human = await cli.run(['info']);
    expect(human.stderr).toContain(ID_1);
    expect(human.stderr).toContain('--instance');
    await cli.json(['verify-pin', '--instance', '0001', '--pin-stdin'], `${cli.pin}\n`);
  });

  it('may be named by ReaderName in the INF', async () => {
    await cli.create();
    await cli.create();
    await writeFile(cli.path('request.inf'), `${INF}ReaderName = "${ID_1}"\n`);
    const words = ['certreq', '-new', '--pin-stdin', cli.path('request.inf')];
    expect(await cli.json(words, `${cli.pin}\n`)).toMatchObject({ instanceId: ID_1 });
    await writeFile(cli.path('request.inf'), `${INF}ReaderName = "Another reader"\n`);
    words.push('-f');
    expect(await cli.failure(words, `${cli.pin}\n`)).toMatchObject({ code: 'ERR_CARD_NOT_FOUND' });
    expect((await readdir(cli.folder)).sort()).toEqual(['request.cer', 'request.inf', 'store']);
  });

  it('are not made when anything about them is wrong', async () => {
    const base = ['create', '--generate', '--pin-stdin', '--name'];
    for (const [words, input, code, exitCode] of [
      [[...base, 'x'.repeat(257)], `${cli.pin}\n`, 'ERR_INVALID_ARGUMENT', 2],
      [[...base, 'X', '/pinpolicy', 'minlen', '3'], `${cli.pin}\n`, 'ERR_INVALID_ARGUMENT', 2],
      [[...base, 'X', '/pin', 'default', '/pinpolicy', 'minlen', '4'], '', 'ERR_USAGE', 2],
      [[...base, 'X'], '1234567\n', 'ERR_USAGE', 2],
      [[...base, 'X'], '', 'ERR_USAGE', 2],
      [[...base, 'X', '/puk', 'prompt'], `${cli.pin}\n`, 'ERR_USAGE', 2],
      [[...base, 'X', '/adminkey', 'prompt'], `${cli.pin}\n0102\n`, 'ERR_USAGE', 2],
      [[...base, 'X', '/attestation', 'AIK_ONLY'], `${cli.pin}\n`, 'ERR_NOT_SUPPORTED', 1],
      [[...base, 'X', '/machine', 'other'], `${cli.pin}\n`, 'ERR_NOT_SUPPORTED', 1],
      [['create', '--pin-stdin'], `${cli.pin}\n`, 'ERR_USAGE', 2],
      [['create', '--name', 'X'], `${cli.pin}\n`, 'ERR_USAGE', 2],
    ] as const) {
      expect(await cli.failure([...words], input)).toMatchObject({ code, exitCode });
    }
    expect(await cli.json(['list'])).toEqual({ cards: [] });
  });

  it("take tpmvscmgr's defaults, and print the result alone with /quiet", async () => {
    const words = 'create /quiet /name X /pin default /puk default /adminkey default /generate';
    const { stdout, stderr, exitCode } = await cli.run(words.split(' '));
    const line = `Smart Card Reader Device Instance ID = ${ID}\n`;
    expect([exitCode, stdout, stderr]).toEqual([0, line, '']);
    await cli.json(['verify-pin', '--pin-stdin'], '12345678\n');
    await cli.json(['unblock', '--pin-stdin'], `12345678\n${cli.pin}\n`);
    await cli.json(['verify-pin', '--pin-stdin'], `${cli.pin}\n`);
  });
});

describe('a random admin key', () => {
  it('goes to a file that its owner alone can read, and nowhere else', async () => {
    const made = await cli.create('--admin-key-out', cli.path('key'));
    expect(made).toMatchObject({ instanceId: ID, adminKeyFile: cli.path('key') });
    expect(made).not.toHaveProperty('adminKey');
    const key = await readFile(cli.path('key'), 'utf8');
    expect(key).toMatch(/^[0-9a-f]{48}\n$/);
    expect((await stat(cli.path('key'))).mode & 0o777).toBe(0o600);
    const next = randomPin().toString();
    await cli.json(['unblock', '--pin-stdin'], `${key}${next}\n`);
    await cli.json(['verify-pin', '--pin-stdin'], `${next}\n`);
  });

  it('leaves no file when no card was made, and never overwrites one', async () => {
    const words = ['create', '--pin-stdin', '--admin-key-out', cli.path('key'), '--name'];
    const failed = await cli.failure([...words, 'x'.repeat(257)], `${cli.pin}\n`);
    expect(failed).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(await readdir(cli.folder)).toEqual(['store']);
    await writeFile(cli.path('key'), 'of another card');
    const refused = await cli.failure([...words, 'X'], `${cli.pin}\n`);
    expect(refused).toMatchObject({ code: 'ERR_FILE_EXISTS', exitCode: 1 });
    expect(await readFile(cli.path('key'), 'utf8')).toBe('of another card');
    expect(await cli.json(['list'])).toEqual({ cards: [] });
  });

  it('is in its file exactly when the card exists, wherever an interruption falls', async () => {
    const words = ['create', '--name', 'X', '--generate', '--pin-stdin'];
    for (let stop = 0; stop < 8; stop += 1) {
      const name = `key-${stop}`;
      const before = (await cli.json(['list']))['cards'] as unknown[];
      const { exitCode } = await cli.run([...words, '--admin-key-out', cli.path(name)], {
        input: `${cli.pin}\n`,
        started: (child) => {
          let shown = '';
          child.stdout?.on('data', (text: Buffer) => {
            shown += text;
            if (!child.killed && shown.split('\n').length > stop) child.kill('SIGINT');
          });
        },
      });
      const after = (await cli.json(['list']))['cards'] as unknown[];
      const made = after.length - before.length;
      // -1: the signal came when everything was done and only Node itself was left to end.
      expect([0, 130, -1]).toContain(exitCode);
      if (exitCode === 130) expect(made).toBe(0);
      expect((await readdir(cli.folder)).filter((file) => file === name)).toHaveLength(made);
      if (made === 1) await cli.json(['destroy', '--instance', '0000']);
    }
  });
});
