import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { calculateJwkThumbprint, importJWK, jwtVerify } from 'jose';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openssl } from '../unit/openssl.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vsc-examples-'));
  mkdirSync(join(folder, 'tmp'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('web-crypto.mjs makes a request that openssl verifies, and decrypts', async () => {
  const output = runExample('web-crypto.mjs');
  const files = { 'r.pem': blockOf(output, 'CERTIFICATE REQUEST') };
  const verdict = await openssl(files, 'req', '-in', 'r.pem', '-verify', '-noout', '-text');
  expect(verdict.output).toMatch(/verify OK/);
  expect(verdict.output).toMatch(/Signature Algorithm: rsassaPss/);
  expect(output).toContain('\nfor your eyes only\n');
});

it('jws.mjs makes a token that jose verifies', async () => {
  const [token = '', jwk = ''] = runExample('jws.mjs').split('\n');
  const key = await importJWK(JSON.parse(jwk), 'ES256');
  const { payload, protectedHeader } = await jwtVerify(token, key, {
    issuer: 'https://example.org',
    typ: 'JWT',
  });
  expect(payload.sub).toBe('alice');
  expect(protectedHeader.kid).toBe(await calculateJwkThumbprint(JSON.parse(jwk)));
});

it('cms-sign.mjs signs a file as openssl verifies', async () => {
  const signed = fileURLToPath(new URL('../../LICENSE', import.meta.url));
  const output = runExample('cms-sign.mjs', signed);
  const certificate = blockOf(output, 'CERTIFICATE');
  expect(new X509Certificate(certificate).subject).toBe('CN=Alice');
  const files = { certificate, signature: blockOf(output, 'CMS') };
  const command = ['cms', '-verify', '-binary', '-inform', 'PEM', '-in', 'signature'];
  const against = (content: string) =>
    openssl(
      { ...files, content },
      ...command,
      ...['-content', 'content', '-CAfile', 'certificate'],
    );
  const content = readFileSync(signed, 'utf8');
  expect((await against(content)).output).toMatch(/Verification successful/);
  expect((await against(`${content} `)).ok).toBe(false);
});

it('public-key.mjs shows a key that openssl reads', async () => {
  const output = runExample('public-key.mjs');
  const files = { 'k.pem': blockOf(output, 'PUBLIC KEY') };
  const shown = await openssl(files, 'pkey', '-pubin', '-in', 'k.pem', '-noout', '-text');
  expect(shown.output).toMatch(/Public-Key: \(2048 bit\)/);
  expect(output).toMatch(/verified: true\ndecrypted: secret\n$/);
});

/** What the example printed; it leaves nothing behind, and the user's own cards alone. */
function runExample(name: string, ...args: string[]): string {
  const file = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    encoding: 'utf8',
    env: {
      ...process.env,
      TMPDIR: join(folder, 'tmp'),
      VIRTUAL_SMARTCARD_HOME: join(folder, 'own'),
    },
  });
  expect([stderr, status]).toEqual(['', 0]);
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  expect(existsSync(join(folder, 'own'))).toBe(false);
  return stdout;
}

function blockOf(output: string, label: string): string {
  const block = new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\n`).exec(output);
  expect(block, output).not.toBeNull();
  return block?.[0] ?? '';
}
