import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { CommandLine, PROGRAM, runProgram } from '../support/cli.js';
import { type Keystrokes, runInTerminal } from '../support/pty.js';
import { otherPin, randomPin } from '../support/store.js';

const REQUEST = fileURLToPath(new URL('../../examples/request.inf', import.meta.url));
const CREATE =
  'create /name X /pin prompt /adminkey random /generate /pinpolicy minlen 4 uppercase allowed lowercase allowed specialchars allowed';
const CERTREQ = 'certreq -new -f request.inf out.cer';
const INSTANCE_ID = 'ROOT\\SMARTCARDREADER\\0000';

let folder: string;
let cli: CommandLine;
let pin: string;

beforeEach(async () => {
  cli = await CommandLine.start();
  folder = cli.folder;
  pin = randomPin(6).toString();
  await copyFile(REQUEST, cli.path('request.inf'));
});

/** Types a line as a person would. */
function typed(line: string, dialogue: readonly Keystrokes[]) {
  const command = [process.execPath, PROGRAM, ...line.split(' ')];
  return runInTerminal(command, dialogue, { env: cli.env, cwd: folder });
}

function newPin(value: string): Keystrokes[] {
  return [
    { after: 'PIN: ', type: `${value}\r` },
    { after: 'PIN again: ', type: `${value}\r` },
  ];
}

function openssl(...words: string[]) {
  return runProgram(['openssl', ...words], { cwd: folder });
}

describe('on a terminal', () => {
  it("tpmvscmgr's and certreq's lines make a card and a certificate that OpenSSL accepts", async () => {
    const created = await typed(CREATE, newPin(pin));
    expect(created.exitCode).toBe(0);
    const lines = created.transcript.split('\r\n');
    const end = lines.indexOf('TPM Smart Card created.');
    expect(lines[end - 1]).toBe('Generating filesystem on the TPM Smart Card...');
    expect(lines[end + 1]).toBe(`Smart Card Reader Device Instance ID = ${INSTANCE_ID}`);
    expect(lines[end + 2]).toMatch(/^Admin key .*= [0-9a-f]{48}$/);
    expect(created.transcript).not.toContain(pin);

    const enrolled = await typed(CERTREQ, [{ after: 'PIN: ', type: `${pin}\r` }]);
    expect(enrolled).toMatchObject({ exitCode: 0 });
    expect(enrolled.transcript).toContain('out.cer');
    expect(enrolled.transcript).not.toContain(pin);

    const shown = await openssl('x509', '-in', 'out.cer', '-noout', '-text');
    expect(shown.stdout).toMatch(/Subject: CN ?= ?Virtual smart card key\n/);
    expect(shown.stdout).toMatch(/X509v3 Key Usage:.*\n\s+Digital Signature\n/);
    const verify = ['verify', '-check_ss_sig', '-CAfile'];
    const good = await openssl(...verify, 'out.cer', 'out.cer');
    expect(good).toMatchObject({ exitCode: 0, stdout: 'out.cer: OK\n' });

    await openssl('x509', '-in', 'out.cer', '-outform', 'DER', '-out', 'bad.der');
    const der = await readFile(cli.path('bad.der'));
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    await writeFile(cli.path('bad.der'), der);
    await openssl('x509', '-inform', 'DER', '-in', 'bad.der', '-out', 'bad.cer');
    const bad = await openssl(...verify, 'bad.cer', 'bad.cer');
    expect(bad.exitCode).not.toBe(0);
    expect(bad.stderr).toContain('certificate signature failure');
  });

  it('a new PIN is asked for again until it is typed twice alike and fits the policy', async () => {
    const { transcript, exitCode } = await typed('create --name X --pin-policy digits disallowed', [
      { after: 'PIN: ', type: '1234-abcd\r' },
      { after: /must not contain digits[\s\S]*PIN: /, type: 'abcd-efgh\r' },
      { after: 'PIN again: ', type: 'abcd-efgX\r' },
      { after: /differently[\s\S]*PIN: /, type: 'abcd-efgh\r' },
      { after: 'PIN again: ', type: 'abcd-efgh\r' },
    ]);
    expect(exitCode).toBe(0);
    expect(transcript).not.toMatch(/1234-abcd|abcd-efg/);
    await expect(cli.json(['list'])).resolves.toMatchObject({ cards: [{ state: 'blank' }] });
  });

  it('Ctrl-C at a prompt leaves the terminal as it was, no card and no key file', async () => {
    const line = `"${process.execPath}" "${PROGRAM}" create --name X --admin-key-out key`;
    const shell = ['sh', '-c', `${line}; echo ended with $?; stty -a`];
    const dialogue = [{ after: 'PIN: ', type: 'half a p\x03' }];
    const { transcript } = await runInTerminal(shell, dialogue, { env: cli.env, cwd: folder });
    expect(transcript).toContain('Interrupted. Nothing was changed.');
    expect(transcript).toContain('ended with 130');
    expect(transcript).toMatch(/\s(icanon)\b/);
    expect(transcript).toMatch(/\secho\s/);
    expect((await readdir(folder)).sort()).toEqual(['request.inf', 'store']);
    expect(await cli.json(['list'])).toEqual({ cards: [] });
  });

  it('prompts reach the terminal when the output goes elsewhere', async () => {
    await cli.create();
    const line = `"${process.execPath}" "${PROGRAM}" verify-pin --json`;
    const shell = ['sh', '-c', `${line} > result 2> log; echo ended with $?`];
    const dialogue = [{ after: 'PIN: ', type: `${cli.pin}\r` }];
    const { transcript } = await runInTerminal(shell, dialogue, { env: cli.env, cwd: folder });
    expect(transcript).toContain('ended with 0');
    expect(JSON.parse(await readFile(cli.path('result'), 'utf8'))).toEqual({
      instanceId: INSTANCE_ID,
      verified: true,
    });
    expect(await readFile(cli.path('log'), 'utf8')).toBe('');
  });

  it('unblocks a card with its PUK, hidden like the new PIN', async () => {
    const puk = randomPin(10).toString();
    const oldPin = randomPin(8);
    const secrets = `${oldPin}\n${puk}\n`;
    const words = ['create', '--name', 'X', '--generate', '--puk', 'prompt', '--pin-stdin'];
    await cli.json(words, secrets);
    const wrong = otherPin(oldPin).toString();
    for (let tries = 0; tries < 5; tries += 1) {
      await cli.failure(['verify-pin', '--pin-stdin'], `${wrong}\n`);
    }
    const next = randomPin(9).toString();
    const session = await typed('unblock', [{ after: 'PUK: ', type: `${puk}\r` }, ...newPin(next)]);
    expect(session.exitCode).toBe(0);
    for (const secret of [puk, next]) expect(session.transcript).not.toContain(secret);
    await cli.json(['verify-pin', '--pin-stdin'], `${next}\n`);
  });

  it('asks before it tries a lockout authorisation, and says what a wrong one costs', async () => {
    const refused = await typed('tpm reset-lockout', [{ after: '[y/N] ', type: 'n\r' }]);
    expect(refused.exitCode).toBe(2);
    expect(refused.transcript).toContain('bans further tries for 1 day');
    expect(refused.transcript).toContain('Not tried');
    const tried = await typed('tpm reset-lockout', [
      { after: '[y/N] ', type: 'y\r' },
      { after: 'authorisation: ', type: '\r' },
    ]);
    expect(tried.exitCode).toBe(0);
    expect(tried.transcript).toContain('lockout was reset');
  });
});
