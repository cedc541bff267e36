import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { CommandLine, runProgram } from '../support/cli.js';
import { otherPin } from '../support/store.js';

const ID = 'ROOT\\SMARTCARDREADER\\0000';
const INF = '[NewRequest]\nSubject = "CN=Jo Doe,O=Ltd"\nRequestType = Cert\nKeyUsage = 0x80\n';

let cli: CommandLine;

beforeEach(async () => {
  cli = await CommandLine.start();
});

/** A key with a self-signed certificate, by an INF with these further lines. */
async function enroll(...lines: string[]): Promise<Record<string, unknown>> {
  await writeFile(cli.path('request.inf'), INF + lines.join('\n'));
  const files = [cli.path('request.inf'), cli.path('out.cer')];
  return cli.json(['certreq', '-new', '-f', '--pin-stdin', ...files], `${cli.pin}\n`);
}

function openssl(...words: string[]) {
  return runProgram(['openssl', ...words], { cwd: cli.folder });
}

describe('keys, certificates and signatures', () => {
  it('sign a file so that OpenSSL verifies it', async () => {
    await cli.create();
    const enrolled = await enroll('KeyContainer = "mail"');
    expect(enrolled).toMatchObject({ container: 'mail', subject: 'O=Ltd, CN=Jo Doe' });
    expect(await cli.json(['keys', 'list'])).toMatchObject({
      keys: [{ name: 'mail', algorithm: 'RSA-2048', hasCertificate: true }],
    });
    const listed = await cli.json(['certificates', 'list']);
    expect(listed).toMatchObject({ certificates: [{ container: 'mail' }] });

    await writeFile(cli.path('data'), randomBytes(300_000));
    const sign = ['sign', '--instance', ID, '--container', 'mail', '--algorithm', 'RSA-SHA256'];
    const files = ['--in', cli.path('data'), '--out', cli.path('data.sig')];
    const signed = await cli.run([...sign, ...files, '--pin-stdin'], { input: `${cli.pin}\n` });
    expect(signed).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await readFile(cli.path('data.sig'))).length).toBe(256);
    await openssl('x509', '-in', 'out.cer', '-pubkey', '-noout', '-out', 'public.pem');
    const dgst = ['dgst', '-sha256', '-verify', 'public.pem', '-signature', 'data.sig'];
    expect(await openssl(...dgst, 'data')).toMatchObject({ stdout: 'Verified OK\n', exitCode: 0 });
    expect((await openssl(...dgst, 'out.cer')).exitCode).toBe(1);

    const again = await cli.failure([...sign, ...files, '--pin-stdin'], `${cli.pin}\n`);
    expect(again).toMatchObject({ code: 'ERR_FILE_EXISTS' });
    const shown = await cli.json(
      [...sign, '--in', cli.path('data'), '--pin-stdin'],
      `${cli.pin}\n`,
    );
    expect(shown['signature']).toBe((await readFile(cli.path('data.sig'))).toString('base64'));
  });

  it('sign with elliptic curves, too', async () => {
    await cli.create();
    await enroll('KeyAlgorithm = ECDSA_P256');
    const words = ['sign', '--in', cli.path('out.cer'), '--pin-stdin', '--out', cli.path('ec.sig')];
    expect(await cli.json(words, `${cli.pin}\n`)).toMatchObject({ algorithm: 'ECDSA-SHA256' });
    await openssl('x509', '-in', 'out.cer', '-pubkey', '-noout', '-out', 'public.pem');
    const dgst = ['dgst', '-sha256', '-verify', 'public.pem', '-signature', 'ec.sig', 'out.cer'];
    expect(await openssl(...dgst)).toMatchObject({ stdout: 'Verified OK\n' });
    const wrong = [...words.slice(0, -1), cli.path('x'), '--algorithm', 'RSA-SHA256'];
    expect(await cli.failure(wrong, `${cli.pin}\n`)).toMatchObject({
      code: 'ERR_ALGORITHM_NOT_SUPPORTED',
    });
    expect(await readdir(cli.folder)).not.toContain('x');
  });

  it('are exported as PEM and as DER', async () => {
    await cli.create();
    await enroll();
    const shown = await cli.run(['certificates', 'export']);
    expect(shown.stdout).toBe(await readFile(cli.path('out.cer'), 'utf8'));
    const der = ['certificates', 'export', '--format', 'der', '--out', cli.path('out.der')];
    expect(await cli.json(der)).toMatchObject({ file: cli.path('out.der') });
    const read = await openssl('x509', '-inform', 'DER', '-in', 'out.der');
    expect(read.stdout).toBe(shown.stdout);
  });

  it('are requested from a CA, and its answer is stored', async () => {
    await cli.create();
    await writeFile(cli.path('ca.inf'), INF.replace('Cert', 'PKCS10'));
    const requested = await cli.json(
      ['certreq', '-new', '--pin-stdin', cli.path('ca.inf')],
      `${cli.pin}\n`,
    );
    expect(requested).toMatchObject({ requestType: 'PKCS10', file: cli.path('ca.req') });
    expect((await openssl('req', '-verify', '-noout', '-in', 'ca.req')).exitCode).toBe(0);
    const ca = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    await openssl('req', ...ca, '-subj', '/CN=CA', '-keyout', 'ca.key', '-out', 'ca.pem');
    const issue = ['x509', '-req', '-in', 'ca.req', '-CA', 'ca.pem', '-CAkey', 'ca.key'];
    await openssl(...issue, '-set_serial', '7', '-out', 'issued.cer');
    const accept = ['certreq', '-accept', '--pin-stdin', cli.path('issued.cer')];
    expect(await cli.json(accept, `${cli.pin}\n`)).toMatchObject({
      container: requested['container'],
      issuer: 'CN=CA',
    });
    const foreign = ['certreq', '-accept', '--pin-stdin', cli.path('ca.pem')];
    expect(await cli.failure(foreign, `${cli.pin}\n`)).toMatchObject({
      code: 'ERR_CERTIFICATE_MISMATCH',
      exitCode: 1,
    });
  });

  it('come out of a PFX, to a card that takes keys', async () => {
    await cli.create();
    await cli.create('--allow-key-import');
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=Old'];
    await openssl(...made, '-keyout', 'old.key', '-out', 'old.pem');
    const password = randomBytes(12).toString('hex');
    const key = ['-in', 'old.pem', '-inkey', 'old.key', '-passout', `pass:${password}`];
    await openssl('pkcs12', '-export', ...key, '-out', 'old.pfx');
    const words = ['certificates', 'import-pfx', '--container', 'old', '--pin-stdin'];
    const onto = (instance: string) => [...words, '--instance', instance, cli.path('old.pfx')];
    const secrets = `${password}\n${cli.pin}\n`;
    const refused = await cli.failure(onto('0000'), secrets);
    expect(refused).toMatchObject({ code: 'ERR_KEY_IMPORT_NOT_ALLOWED', exitCode: 1 });
    const wrong = await cli.failure(onto('0001'), `not-${secrets}`);
    expect(wrong).toMatchObject({ code: 'ERR_PFX_PASSWORD_INCORRECT', exitCode: 1 });
    expect(JSON.stringify([refused, wrong])).not.toContain(password);
    expect(await cli.failure(onto('0001'), `${password}\n`)).toMatchObject({ code: 'ERR_USAGE' });
    expect(await cli.failure(words, secrets)).toMatchObject({ code: 'ERR_USAGE' });
    expect(await cli.json(['keys', '--instance', '0001'])).toMatchObject({ keys: [] });

    const imported = await cli.json(onto('0001'), secrets);
    expect(imported).toMatchObject({ container: 'old', subject: 'CN=Old' });
    expect(imported['pem']).toBe(await readFile(cli.path('old.pem'), 'utf8'));
    expect(await cli.failure(onto('0001'), secrets)).toMatchObject({
      code: 'ERR_CONTAINER_EXISTS',
    });
  });

  it('are made the default one, and deleted', async () => {
    await cli.create();
    await enroll('KeyContainer = one');
    await enroll('KeyContainer = two');
    const change = (verb: string, container: string) =>
      ['keys', verb, '--container', container, '--pin-stdin'] as const;
    expect(await cli.json(change('set-default', 'two'), `${cli.pin}\n`)).toEqual({
      ...{ instanceId: ID, container: 'two', isDefault: true },
    });
    const isDefault = { one: false, two: true };
    const { keys } = await cli.json(['keys']);
    for (const key of keys as { name: 'one' | 'two'; isDefault: boolean }[]) {
      expect(key.isDefault, key.name).toBe(isDefault[key.name]);
    }
    for (const verb of ['delete', 'set-default']) {
      const failure = await cli.failure(change(verb, 'three'), `${cli.pin}\n`);
      expect(failure).toMatchObject({ code: 'ERR_CONTAINER_NOT_FOUND', exitCode: 1 });
      const wrong = otherPin(Buffer.from(cli.pin)).toString();
      const refused = await cli.failure(change(verb, 'one'), `${wrong}\n`);
      expect(refused).toMatchObject({ code: 'ERR_PIN_INCORRECT' });
      const nameless = await cli.failure(['keys', verb, '--pin-stdin'], `${cli.pin}\n`);
      expect(nameless).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
    }
    await cli.json(change('delete', 'two'), `${cli.pin}\n`);
    expect(await cli.json(['keys'])).toMatchObject({ keys: [{ name: 'one' }] });
  });

  it('are not made when the INF or the place of the result is wrong', async () => {
    await cli.create();
    await writeFile(cli.path('request.inf'), INF);
    await writeFile(cli.path('request.cer'), 'mine');
    const words = ['certreq', '-new', '--pin-stdin', cli.path('request.inf')];
    expect(await cli.failure(words, `${cli.pin}\n`)).toMatchObject({ code: 'ERR_FILE_EXISTS' });
    const missing = [...words, cli.path('missing/out.cer')];
    expect(await cli.failure(missing, `${cli.pin}\n`)).toMatchObject({ code: 'ERR_FILE_WRITE' });
    await writeFile(cli.path('bad.inf'), `${INF}KeyLenght = 2048\n`);
    const bad = ['certreq', '-new', '--pin-stdin', cli.path('bad.inf')];
    expect(await cli.failure(bad, `${cli.pin}\n`)).toMatchObject({ code: 'ERR_INF', line: 5 });
    const absent = ['certreq', '-new', '--pin-stdin', cli.path('absent.inf')];
    expect(await cli.failure(absent, `${cli.pin}\n`)).toMatchObject({ code: 'ERR_FILE_READ' });
    const neither = ['certreq', '--pin-stdin', cli.path('request.inf')];
    expect(await cli.failure(neither, `${cli.pin}\n`)).toMatchObject({ code: 'ERR_USAGE' });
    expect(await cli.json(['keys'])).toMatchObject({ keys: [] });
    expect(await readFile(cli.path('request.cer'), 'utf8')).toBe('mine');
  });
});
