import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Lab } from '../support/lab.js';
import { CONFIG, calls, INF, PIN } from './support.js';

const PROGRAM = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** Programs start slowly in the lab. */
const LONG = 3 * 60_000;

interface Run {
  stdout: string;
  stderr: string;
  exitCode: number | string;
}

/** A machine without cards, and the command line on it in a folder of its own. */
async function newMachine() {
  const lab = await Lab.fresh();
  const folder = await mkdtemp(join(tmpdir(), 'vsc-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const run = (words: readonly string[], input = `${PIN}\n`): Promise<Run> =>
    new Promise((resolve) => {
      const command = [PROGRAM, ...words];
      const child = execFile(process.execPath, command, { cwd: folder }, (error, stdout, stderr) =>
        resolve({ stdout, stderr, exitCode: error?.code ?? 0 }),
      );
      child.stdin?.end(input);
    });
  const certreq = (...words: string[]) => run(['certreq', ...words]);
  /** The document that a run prints, which must end so. */
  const document = async (exitCode: number, ...words: string[]) => {
    const ended = await certreq('--json', ...words);
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(exitCode);
    return JSON.parse(exitCode === 1 && ended.stdout === '' ? ended.stderr : ended.stdout);
  };
  const secret = '--pin-stdin';
  const card = await run(['create', '--name', 'Card', '--generate', secret]);
  expect(card.exitCode, card.stderr).toBe(0);
  await writeFile(join(folder, 'request.inf'), INF);
  return { lab, folder, run, certreq, document };
}

const ASK = ['-config', CONFIG];

test('certreq makes a request, submits it, and accepts what is issued with its chain', {
  timeout: LONG,
}, async () => {
  const { lab, folder, certreq, document } = await newMachine();
  const made = await document(0, '-new', '--pin-stdin', 'request.inf');
  const attributes = String.raw`CertificateTemplate:SmartcardLogon\nComment:by hand`;
  const submit = ['-submit', '-attrib', attributes, ...ASK, 'request.req', 'out.cer', 'chain.p7b'];
  const submitted = await certreq(...submit);
  expect(submitted.exitCode, submitted.stderr).toBe(0);
  expect(submitted.stdout).toMatch(
    /^RequestId: 1\r?\nThe certificate was issued to O=Lab, CN=Jo: Issued\n/,
  );
  const certificate = new X509Certificate(await readFile(join(folder, 'out.cer')));
  const again = await certreq(...submit);
  expect(again.stderr).toContain('ERR_FILE_EXISTS');

  expect(await document(0, '-accept', '--pin-stdin', 'chain.p7b')).toMatchObject({
    container: made.container,
    serialNumber: certificate.serialNumber,
    subject: 'O=Lab, CN=Jo',
  });
  const [sent, ...others] = (await calls(lab)).filter(({ call }) => call === 'Submit');
  expect(others).toEqual([]);
  expect(sent?.arguments).toMatchObject({
    request: Buffer.from(made.pem.replace(/-.*-/g, ''), 'base64').toString('base64'),
    attributes: 'CertificateTemplate:SmartcardLogon\nComment:by hand',
    config: CONFIG,
  });
});

test('a request that waits is no failure, and is retrieved by its number', {
  timeout: LONG,
}, async () => {
  const { lab, folder, certreq, document } = await newMachine();
  await document(0, '-new', '-attrib', 'CertificateTemplate:User', '--pin-stdin', 'request.inf');
  const submit = ['-submit', '-attrib', 'CertificateTemplate:ManagerApproval', 'request.req'];
  const pending = { state: 'pending', requestId: 1, config: CONFIG };
  expect(await document(0, ...submit, 'out.cer')).toMatchObject(pending);
  const asked = await certreq('-retrieve', ...ASK, '1', 'out.cer');
  expect(asked.exitCode).toBe(0);
  expect(asked.stdout).toContain('pending: Taken Under Submission');
  expect(asked.stdout).toContain(`certreq -retrieve -config "${CONFIG}" 1`);
  expect((await readdir(folder)).sort()).toEqual(['request.inf', 'request.req']);

  await lab.request('decideRequest', { requestId: 1, issue: true });
  const issued = await document(0, '-retrieve', ...ASK, '0x1');
  expect(issued).toMatchObject({ state: 'issued', requestId: 1, subject: 'O=Lab, CN=Jo' });
  expect(issued.chain).toHaveLength(2);
  expect(await readdir(folder)).toHaveLength(2);
  const shown = await certreq('-retrieve', ...ASK, '1');
  expect(shown.stdout).toContain(issued.pem);
  const der = await document(0, '-retrieve', '-binary', ...ASK, '1', 'out.cer', 'chain.p7b');
  expect(der).toMatchObject({ file: 'out.cer', chainFile: 'chain.p7b' });
  expect((await readFile(join(folder, 'chain.p7b')))[0]).toBe(0x30);
  expect(await document(0, '-accept', '--pin-stdin', 'out.cer')).toMatchObject({ pem: issued.pem });
});

test('what is denied or cannot be asked is a failure that says why', {
  timeout: LONG,
}, async () => {
  const { lab, folder, certreq, document } = await newMachine();
  await document(0, '-new', '--pin-stdin', 'request.inf');
  const submit = ['-submit', ...ASK, '-attrib', 'CertificateTemplate:Nonsense', 'request.req'];
  const denied = await document(1, ...submit, 'out.cer');
  expect(denied).toMatchObject({ state: 'denied', requestId: 1, hresult: 0x80094800 });
  const said = await certreq(...submit);
  expect(said.exitCode).toBe(1);
  expect(said.stdout).toContain('denied (0x80094800)');
  expect(said.stdout).toContain('certutil -CATemplates');

  expect(await document(1, '-retrieve', ...ASK, '77')).toMatchObject({ code: 'ERR_CA_REQUEST' });
  const nowhere = ['-retrieve', '-config', 'nowhere.example\\CA', '1', 'out.cer'];
  expect(await document(1, ...nowhere)).toMatchObject({ code: 'ERR_CA_UNAVAILABLE' });
  expect((await certreq('-submit', ...ASK, 'request.inf')).exitCode).toBe(2);
  expect((await readdir(folder)).sort()).toEqual(['request.inf', 'request.req']);
  expect(await lab.cards()).toHaveLength(1);
});
