import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CommandLine } from '../support/cli.js';
import { EstServer } from '../support/est-server.js';

const LATER = { status: 202, headers: { 'retry-after': '1', 'content-type': 'text/plain' } };

async function setUp() {
  const cli = await CommandLine.start();
  await cli.create();
  const server = await EstServer.start({ username: 'jo', password: 'pass word' });
  await writeFile(cli.path('root.pem'), server.ca.pem);
  const inf = '[NewRequest]\nSubject = "CN=Jo"\nKeyContainer = vpn\nRequestType = PKCS10\n';
  await writeFile(cli.path('vpn.inf'), inf);
  const where = ['--url', server.url, '--ca-file', cli.path('root.pem')];
  const est = (verb: string, ...words: string[]) => ['est', verb, ...words, ...where];
  const byPassword = [...['--user', 'jo'], '--pin-stdin'];
  return { cli, server, est, byPassword, secrets: `${cli.pin}\npass word\n` };
}

test('est enroll: a CA that takes its time, asked again by the request that was left', async () => {
  const { cli, server, est, byPassword, secrets } = await setUp();
  const [inf, request] = [cli.path('vpn.inf'), cli.path('vpn.req')];
  server.answerNext({ ...LATER, body: 'tomorrow' }, LATER);
  const pending = await cli.json(est('enroll', inf, ...byPassword), secrets);
  const later = { state: 'pending', retryAfterMs: 1_000 };
  expect(pending).toMatchObject({ ...later, message: 'tomorrow', file: request });
  const resume = est('enroll', request, ...byPassword);
  expect(await cli.json(resume, secrets)).toMatchObject(later);
  const issued = await cli.json(resume, secrets);
  expect(issued).toMatchObject({ state: 'issued', container: 'vpn', subject: 'CN=Jo' });
  expect(new Set(server.asked.map(({ body }) => body)).size).toBe(1);
});

test('est enroll --wait waits, and a refusal leaves neither key nor file', async () => {
  const { cli, server, est, byPassword, secrets } = await setUp();
  const words = est('enroll', cli.path('vpn.inf'), ...byPassword);
  server.answerNext({ status: 403, headers: { 'content-type': 'text/plain' }, body: 'not you' });
  const refused = await cli.failure(words, secrets);
  expect(refused).toMatchObject({ code: 'ERR_EST_REFUSED', httpStatus: 403, exitCode: 1 });
  const wrong = await cli.failure(words, `${cli.pin}\nguess\n`);
  expect(wrong).toMatchObject({ code: 'ERR_EST_AUTHENTICATION' });
  server.answerNext(LATER);
  // Were the key or the file still there, this would fail.
  expect(await cli.json([...words, '--wait'], secrets)).toMatchObject({ state: 'issued' });
});

test('est reenroll by a key in files', async () => {
  const { cli, server, est, byPassword, secrets } = await setUp();
  const first = await cli.json(est('enroll', cli.path('vpn.inf'), ...byPassword), secrets);
  const pair = await server.ca.pair('/CN=Jo');
  const { encrypted } = await server.ca.protect(pair, 'open sesame');
  await writeFile(cli.path('tls.pem'), pair.certificate);
  await writeFile(cli.path('tls.key'), encrypted);
  const files = ['--tls-cert', cli.path('tls.pem'), '--tls-key', cli.path('tls.key')];
  const words = est('reenroll', ...files, '--pin-stdin');
  const next = await cli.json(words, `${cli.pin}\nopen sesame\n`);
  expect(next).toMatchObject({ state: 'issued', container: 'vpn', subject: 'CN=Jo' });
  expect(next['serialNumber']).not.toBe(first['serialNumber']);
  const bare = await cli.failure(est('reenroll', '--pin-stdin'), `${cli.pin}\n`);
  expect(bare).toMatchObject({ code: 'ERR_SMART_CARD_SERVICE', exitCode: 1 });
});

test('est cacerts, and command lines that lack something', async () => {
  const { cli, server, est } = await setUp();
  const shown = await cli.run(est('cacerts'));
  expect(shown).toMatchObject({ stdout: server.ca.pem, exitCode: 0 });
  const usage = { code: 'ERR_USAGE', exitCode: 2 };
  expect(await cli.failure(['est', 'cacerts'])).toMatchObject(usage);
  expect(await cli.failure(['est', 'enroll', '--url', server.url])).toMatchObject(usage);
  expect(await cli.failure(['est', 'other'])).toMatchObject(usage);
  const half = est('reenroll', '--tls-cert', cli.path('root.pem'), '--pin-stdin');
  expect(await cli.failure(half, `${cli.pin}\n`)).toMatchObject(usage);
});
