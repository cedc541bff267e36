import { readFile, stat, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { CommandLine } from '../support/cli.js';

const INF = '[NewRequest]\nSubject = "CN=Jo"\nRequestType = Cert\nKeyAlgorithm = ECDSA_P256\n';
const NONCE = '00112233445566778899aabbccddeeff';

let cli: CommandLine;

beforeEach(async () => {
  cli = await CommandLine.start();
});

/** A card with a key, and a statement about it. */
async function attestKey(): Promise<void> {
  await cli.create();
  await writeFile(cli.path('request.inf'), INF);
  const files = [cli.path('request.inf'), cli.path('own.cer')];
  await cli.json(['certreq', '-new', '--pin-stdin', ...files], `${cli.pin}\n`);
  const line = ['attest', '--nonce', NONCE, '-o', cli.path('statement.json'), '--pin-stdin'];
  const written = await cli.json(line, `${cli.pin}\n`);
  expect(written).toMatchObject({ statement: { version: 1 }, file: cli.path('statement.json') });
}

describe('attestation', () => {
  it('is enrolled by three messages between processes that share only them', async () => {
    await attestKey();
    const [statement, challenge] = [cli.path('statement.json'), cli.path('challenge.json')];
    const [expected, answer] = [cli.path('expected.json'), cli.path('answer.json')];
    // Whoever checks has no store.
    const store = { ...cli.env, VIRTUAL_SMARTCARD_HOME: cli.path('nothing-here') };
    const verifier = (...words: string[]) => cli.run(words, { env: store });

    const asked = ['challenge', statement, '--out', challenge, '--expected', expected];
    expect(await verifier('attest', ...asked)).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await stat(expected)).mode & 0o777).toBe(0o600);
    const { secret } = JSON.parse(await readFile(expected, 'utf8'));
    expect(await readFile(challenge, 'utf8')).not.toContain(secret);

    await cli.json(['attest', 'answer', challenge, '--out', answer]);
    expect(JSON.parse(await readFile(answer, 'utf8'))).toEqual({ answer: secret });

    const both = ['--expected', expected, '--answer', answer];
    const check = ['attest', 'verify', statement, '--nonce', NONCE];
    const checked = await verifier(...check, ...both, '--json');
    expect(checked).toMatchObject({ exitCode: 0, stderr: '' });
    const report = JSON.parse(checked.stdout);
    expect(report).toMatchObject({
      level: 'unanchored',
      findings: [{ code: 'noCertificate' }, { code: 'pinNotShown' }],
    });

    const known = [...check, '--known-key', report.attestationKeyName];
    const anchored = await verifier(...known);
    expect(anchored.exitCode).toBe(0);
    expect(anchored.stdout).toContain(
      'proves:           signed, genuineTpm, authorized, inTpm, bornInTpm',
    );
    const unknown = await verifier(...check, '--known-key', `000b${'00'.repeat(32)}`);
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stdout).toContain('level:            unanchored');
  });

  it('ends in an error where the statement is wrong', async () => {
    await attestKey();
    const path = cli.path('statement.json');
    const verify = (file: string, nonce: string) => [
      ...['attest', 'verify', file, '--nonce', nonce],
    ];
    const other = await cli.failure(verify(path, NONCE.replace('0', '1')));
    expect(other).toMatchObject({ code: 'ERR_ATTESTATION', exitCode: 1 });
    expect(await cli.failure(verify(path, NONCE.slice(2)))).toMatchObject({
      code: 'ERR_USAGE',
      exitCode: 2,
    });
    await writeFile(cli.path('no.json'), 'no JSON');
    const noJson = await cli.failure(verify(cli.path('no.json'), NONCE));
    expect(noJson).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
    const missing = await cli.failure(verify(cli.path('missing.json'), NONCE));
    expect(missing).toMatchObject({ code: 'ERR_FILE_READ', exitCode: 1 });
    const noRoots = await cli.failure([...verify(path, NONCE), '--ek-ca', path]);
    expect(noRoots).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
    const half = await cli.failure([...verify(path, NONCE), '--answer', path]);
    expect(half).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
    const again = ['attest', '--nonce', NONCE, '-o', path, '--pin-stdin'];
    expect(await cli.failure(again, `${cli.pin}\n`)).toMatchObject({ code: 'ERR_FILE_EXISTS' });
    expect(await cli.json(['info'])).toMatchObject({ pinTriesLeft: 5 });
  });
});
