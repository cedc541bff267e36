import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkContainer } from '../../lib/diagnose/certificates.js';
import { Findings } from '../../lib/diagnose/findings.js';
import type { VirtualSmartCard } from '../../lib/index.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';
import { complaints, diagnosed, found } from './support.js';

/** A certificate that OpenSSL's CA makes for the card's key, with these further words. */
function issue(folder: string, publicKeyPem: string, words: string[]): Buffer {
  const path = (name: string) => join(folder, name);
  const openssl = (...line: string[]) => execFileSync('openssl', line, { stdio: 'pipe' });
  writeFileSync(path('key.pub'), publicKeyPem);
  openssl(
    'genpkey',
    '-algorithm',
    'EC',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-out',
    path('ca.key'),
  );
  openssl('req', '-x509', '-key', path('ca.key'), '-subj', '/CN=CA', '-out', path('ca.cer'));
  const files = ['-force_pubkey', path('key.pub'), '-CA', path('ca.cer'), '-CAkey', path('ca.key')];
  openssl('req', '-new', '-key', path('ca.key'), '-subj', '/CN=Jo', '-out', path('jo.req'));
  openssl('x509', '-req', '-in', path('jo.req'), ...files, ...words, '-out', path('jo.cer'));
  return readFileSync(path('jo.cer'));
}

async function cardWithCertificate(
  words: string[],
): Promise<{ root: string; card: VirtualSmartCard }> {
  const folder = await temporaryDirectory();
  const root = join(folder, 'store');
  const manager = await openManager(root);
  const options = cardOptions();
  const card = await manager.create(options);
  const { pin } = options;
  const key = await card.createKey({ container: 'mail', algorithm: 'EC-P256' }, { pin });
  const pem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  await card.installCertificate(issue(folder, pem, words), { pin });
  return { root, card };
}

test.each<[string, string[], string[]]>([
  ['one that lasts', ['-days', '365'], []],
  ['one that ends soon', ['-days', '7'], ['warning certificate-expires']],
  ['one that has ended', ['-days', '-1'], ['warning certificate-expired']],
  ['one signed with SHA-1', ['-days', '365', '-sha1'], ['warning certificate-sha1']],
])('%s', async (_, words, expected) => {
  const { root, card } = await cardWithCertificate(words);
  const report = await diagnosed(root);
  expect(complaints(report)).toEqual(expected);
  const [finding] = expected.map((each) => found(report, each.split(' ')[1] ?? '')[0]);
  const subject = `${card.instanceId}/mail`;
  expect(finding ?? found(report, 'certificate')[0]).toMatchObject({ subject });
});

test('one that is not valid yet, by a clock that is behind', async () => {
  const { card } = await cardWithCertificate(['-days', '365']);
  const [container] = await card.containers();
  if (!container) throw new Error('it has no container');
  const certificate = (await card.certificates())[0];
  const jwk = certificate?.key.publicKey.export({ format: 'jwk' });
  const coordinate = (text?: string) => Buffer.from(text ?? '', 'base64url');
  const connection = {
    certificate: async () => certificate?.der,
    publicKey: async () => ({
      type: 'ecc' as const,
      curve: 'P-256' as const,
      x: coordinate(jwk?.x),
      y: coordinate(jwk?.y),
    }),
  };
  const findings = new Findings();
  const terms = { now: Date.now() - 86_400_000, expiresWithinDays: 30 };
  await checkContainer(connection as never, container, 'card', terms, findings);
  expect(findings.list.map(({ id }) => id)).toEqual(['certificate-not-yet-valid']);
});

test('a certificate of another key, one that is none, a short key', async () => {
  const { card } = await cardWithCertificate(['-days', '365']);
  const certificate = (await card.certificates())[0];
  const ids = async (der: Uint8Array, algorithm: 'EC-P256' | 'RSA-1024') => {
    const findings = new Findings();
    const connection = {
      certificate: async () => der,
      publicKey: async () => ({
        type: 'rsa' as const,
        modulus: Buffer.alloc(128, 0xd5),
        exponent: Buffer.from([1, 0, 1]),
      }),
    };
    const container = { name: 'mail', algorithm, hasCertificate: true };
    const terms = { now: Date.now(), expiresWithinDays: 30 };
    await checkContainer(connection as never, container as never, 'card', terms, findings);
    return findings.list.map(({ id }) => id);
  };
  expect(await ids(certificate?.der ?? Buffer.alloc(0), 'EC-P256')).toEqual([
    'certificate-mismatch',
  ]);
  expect(await ids(Buffer.from('none'), 'RSA-1024')).toEqual([
    'key-weak',
    'certificate-unreadable',
  ]);
});

test('a key without a certificate is told, and is no fault', async () => {
  const root = join(await temporaryDirectory(), 'store');
  const manager = await openManager(root);
  const options = cardOptions();
  const card = await manager.create(options);
  await card.createKey({ container: 'bare' }, { pin: options.pin });
  const report = await diagnosed(root);
  expect(complaints(report)).toEqual([]);
  expect(found(report, 'key-without-certificate')).toMatchObject([
    { severity: 'info', subject: `${card.instanceId}/bare` },
  ]);
});
