import type { ChildProcess } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { readRequestAttributes } from '../../lib/cli/request-attributes.js';
import { certificateId } from '../../lib/cli/verbs/certreq-renewal.js';
import { CommandLine, PROGRAM } from '../support/cli.js';
import { runInTerminal } from '../support/pty.js';

const INF = '[NewRequest]\nSubject = "CN=Jo"\nKeyAlgorithm = ECDSA_P256\n';
const NO_CARDS = 'ERR_CARD_NOT_FOUND';

let cli: CommandLine;

beforeEach(async () => {
  cli = await CommandLine.start();
  await writeFile(cli.path('request.inf'), `${INF}RequestType = PKCS10\n`);
  await writeFile(cli.path('cert.inf'), `${INF}RequestType = Cert\n`);
});

/** Runs a line as it is typed, in the test's folder. */
function run(
  line: string,
  options: { input?: string; started?: (child: ChildProcess) => void } = {},
) {
  return cli.run(['certreq', ...line.split(' ')], { cwd: cli.folder, ...options });
}

describe('a line of certreq', () => {
  it.each([
    // Nothing to do, or too much.
    ['request.inf', 'one of -new, -accept, -submit and -retrieve'],
    ['-new -accept request.inf', 'one of -new'],
    ['-submit -retrieve 7', 'one of -new'],
    ['-new', 'followed by FILE.inf'],
    ['-accept', 'followed by FILE'],
    ['-submit', 'followed by FILE.req'],
    ['-retrieve', 'followed by REQUESTID'],
    ['-new request.inf out.req chain.p7b', 'not by 3 names'],
    ['-accept issued.cer out.cer', 'not by 2 names'],
    // What an action would not use.
    ['-new -config ca\\CA request.inf', '-new takes no --config'],
    ['-new -replaces old request.inf', '-new takes no --replaces'],
    ['-accept -config ca\\CA issued.cer', '-accept takes no --config'],
    ['-accept -cert 01 issued.cer', '-accept takes no --cert'],
    ['-accept -attrib A:B issued.cer', '-accept takes no --attrib'],
    ['-accept -binary issued.cer', '-accept takes no --binary'],
    ['-submit -cert 01 x.req', '-submit takes no --cert'],
    ['-submit -pin-stdin x.req', '-submit takes no --pin-stdin'],
    ['-submit --instance 0000 x.req', '-submit takes no --instance'],
    ['-retrieve -attrib A:B 7', '-retrieve takes no --attrib'],
    ['-retrieve --backend pcsc 7', '-retrieve takes no --backend'],
    // What certreq has and this has not.
    ['-new -machine request.inf', 'certreq -machine means keys of the computer'],
    ['-policy request.inf', 'certreq -policy makes'],
    ['-sign request.req', 'certreq -sign signs'],
    ['-enroll -cert 01 renew', 'a renewal is -new with -cert'],
    // Wrong values.
    ['-retrieve first', 'RequestId'],
    ['-retrieve -5', 'Unknown option'],
    ['-new --pin-stdin -cert Jo request.inf', '--cert takes'],
    ['-new --pin-stdin -attrib Template request.inf', '--attrib takes'],
    ['-new --pin-stdin -attrib A:B cert.inf', 'asks none'],
    ['-new --pin-stdin -attrib A:1\\na:2 request.inf', 'gives a twice'],
    // Nobody there to be asked.
    ['-new -q request.inf', '-q asks nothing'],
    ['-accept -silent issued.cer', '-q asks nothing'],
    ['-new request.inf', 'not a terminal'],
  ])('is refused before anything happens: %s', async (line, text) => {
    const { exitCode, stderr, stdout } = await run(line);
    expect(stderr.replaceAll('\n', ' ')).toContain(text);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect((await readdir(cli.folder)).sort()).toEqual(['cert.inf', 'request.inf', 'store']);
  });

  it.each([
    '-new -q -f --pin-stdin request.inf out.req',
    '-q -f -new --pin-stdin request.inf out.req',
    '/new /q /f --pin-stdin request.inf out.req',
    '-NEW -F -user --pin-stdin /q request.inf out.req',
    '--new --silent --force --pin-stdin request.inf -- out.req',
  ])('is taken in any order and spelling: %s', async (line) => {
    await cli.create();
    await writeFile(cli.path('out.req'), 'old');
    const { exitCode, stdout, stderr } = await run(line, { input: `${cli.pin}\n` });
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(await readFile(cli.path('out.req'), 'utf8')).toContain('BEGIN CERTIFICATE REQUEST');
  });

  it('writes DER with -binary', async () => {
    await cli.create();
    await run('-new -binary --pin-stdin request.inf', { input: `${cli.pin}\n` });
    expect((await readFile(cli.path('request.req')))[0]).toBe(0x30);
  });

  it('says where a request goes off Windows, and leaves no file', async () => {
    for (const line of ['-submit -config ca\\CA x.req a.cer a.p7b', '-retrieve 0x7 a.cer']) {
      const { exitCode, stderr } = await run(`${line} --json`);
      expect(JSON.parse(stderr)).toMatchObject({
        code: 'ERR_NOT_SUPPORTED',
        message: expect.stringContaining('virtual-smartcard est'),
      });
      expect(exitCode).toBe(1);
    }
    const left = (await readdir(cli.folder)).filter((name) => /^\.?a\./.test(name));
    expect(left).toEqual([]);
  });

  it.each([
    ['/dev/zero', 'larger than 8388608 bytes'],
    ['absent.inf', 'does not exist'],
    ['.', 'it is a folder'],
  ])('says why %s cannot be read', async (name, reason) => {
    for (const action of ['-new --pin-stdin', '-accept --pin-stdin']) {
      const { stderr, exitCode } = await run(`${action} ${name} --json`);
      expect(JSON.parse(stderr)).toMatchObject({
        code: 'ERR_FILE_READ',
        message: expect.stringContaining(reason),
      });
      expect(exitCode).toBe(1);
    }
  });

  it('needs a card', async () => {
    const lines = ['-new --pin-stdin request.inf', '-new --pin-stdin -cert 01 cmc.inf'];
    await writeFile(cli.path('cmc.inf'), '[NewRequest]\nRequestType = CMC\n');
    for (const line of lines) {
      const { stderr, exitCode } = await run(`${line} --json`);
      expect(JSON.parse(stderr)).toMatchObject({ code: NO_CARDS });
      expect(exitCode).toBe(1);
    }
    expect((await readdir(cli.folder)).sort()).toEqual([
      'cert.inf',
      'cmc.inf',
      'request.inf',
      'store',
    ]);
  });
});

describe('on a terminal', () => {
  it.each(['-new request.inf out.req', '-accept issued.cer'])(
    'an interruption at the prompt leaves nothing: certreq %s',
    async (line) => {
      await cli.create();
      await run('-new --pin-stdin cert.inf issued.cer', { input: `${cli.pin}\n` });
      const before = [(await readdir(cli.folder)).sort(), await cli.json(['keys'])];
      const command = [process.execPath, PROGRAM, 'certreq', ...line.split(' ')];
      const options = { env: cli.env, cwd: cli.folder };
      const typed = [{ after: 'PIN: ', type: `${cli.pin}\x03` }];
      // A signal of somebody else's comes as soon as the terminal is made ready for the PIN.
      const shown = "until stty -a < /dev/tty | grep -q -- '-icanon'; do sleep 0.1; done";
      const killed = ['sh', '-c', `(${shown}; kill -INT $$) & exec "$@"`, 'sh', ...command];
      for (const session of [
        await runInTerminal(command, typed, options),
        await runInTerminal(killed, [], options),
      ]) {
        expect(session.transcript).toContain('Interrupted. Nothing was changed.');
        expect(session.exitCode).toBe(130);
      }
      expect([(await readdir(cli.folder)).sort(), await cli.json(['keys'])]).toEqual(before);
    },
  );
});

describe('attributes for a CA', () => {
  it.each([
    [undefined, []],
    ['CertificateTemplate:User', [{ name: 'CertificateTemplate', value: 'User' }]],
    [
      String.raw`A:1\nB: x:y \nC:D\nick`,
      [
        { name: 'A', value: '1' },
        { name: 'B', value: 'x:y' },
        { name: 'C', value: String.raw`D\nick` },
      ],
    ],
    [
      'A:1\r\nB:2\n',
      [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    ],
  ])('are read from %j', (text, attributes) => {
    expect(readRequestAttributes(text)).toEqual(attributes);
  });

  it.each(['A', 'A:', ':b', 'A:1\\nB:', 'A:1\nB'])('need name and value, unlike %j', (text) => {
    expect(() => readRequestAttributes(text)).toThrow('--attrib takes');
  });
});

describe('the certificate to renew', () => {
  it.each([
    ['0xAb', 'ab'],
    ['AB:CD ef', 'abcdef'],
    [`\u200e${'a'.repeat(40)}`, 'a'.repeat(40)],
  ])('is named by %j', (typed, id) => {
    expect(certificateId(typed)).toBe(id);
  });

  it.each(['', 'Jo', '0x', 'a'.repeat(41)])('is not named by %j', (typed) => {
    expect(() => certificateId(typed)).toThrow('--cert takes');
  });
});
