import { createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { EstClient } from '../../../lib/index.js';
import { type Answer, EstServer } from '../../support/est-server.js';
import { expectError } from '../../support/expect-error.js';
import { until } from '../../support/pcsc.js';
import { CREDENTIALS, issued, requestOf, setUp } from './est-fixture.js';

const PKCS7 = { 'content-type': 'application/pkcs7-mime' };
/** SignedData of nobody and nothing, made by `openssl crl2pkcs7 -nocrl`. */
const NO_CERTIFICATES = 'MCcGCSqGSIb3DQEHAqAaMBgCAQExADALBgkqhkiG9w0BBwGgAKEAMQA=';

test.each<[string, Answer, RegExp]>([
  ['a page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' }, /text\/html/],
  ['no type', { status: 200, body: 'MIIB' }, /no content type/],
  [
    'another PKCS #7 type',
    { status: 200, headers: { 'content-type': 'application/pkcs7-mimes' } },
    /pkcs7-mimes/,
  ],
  ['nothing', { status: 204, headers: PKCS7 }, /HTTP 204/],
  ['an empty body', { status: 200, headers: PKCS7, body: '\r\n' }, /is empty/],
  ['bytes', { status: 200, headers: PKCS7, body: Buffer.from([0x30, 0x82, 0, 1]) }, /not base64/],
  ['cut base64', { status: 200, headers: PKCS7, body: 'MIIBs' }, /not base64/],
  ['other DER', { status: 200, headers: PKCS7, body: 'MAMCAQE=' }, /certs-only/],
  ['cut DER', { status: 200, headers: PKCS7, body: 'MIIBsQYJ' }, /certs-only/],
  [
    'no certificate',
    { status: 200, headers: PKCS7, body: NO_CERTIFICATES },
    /no certificate|certs-only/,
  ],
  ['too much', { status: 200, headers: PKCS7, body: 'A'.repeat(1_000_001) }, /longer/],
  ['a long header', { status: 200, headers: { ...PKCS7, 'x-long': 'A'.repeat(40_000) } }, /longer/],
  ['a strange status', { status: 206, headers: PKCS7 }, /206/],
])('an answer with %s is no answer of EST', async (_what, answer, text) => {
  const { est, client } = await setUp();
  est.answerNext(answer);
  const { message } = await expectError(client().caCertificates(), 'ERR_EST_RESPONSE');
  expect(message).toMatch(text);
});

test('a certificate of another key is not taken', async () => {
  const { est, client } = await setUp();
  const body = await est.ca.certsOnly(est.ca.pem);
  est.answerNext({ status: 200, headers: PKCS7, body });
  const { der } = await requestOf('CN=Jo');
  const { message } = await expectError(client().enroll(der), 'ERR_EST_RESPONSE');
  expect(message).toContain('no certificate of the key');
});

test('a certificate that comes with its chain is told from it', async () => {
  const { est, client } = await setUp();
  const { der, key } = await requestOf('CN=Jo');
  const body = await est.ca.certsOnly(est.ca.pem + (await est.ca.sign(der)));
  est.answerNext({ status: 200, headers: PKCS7, body });
  const { certificate, chain } = issued(await client().enroll(der));
  expect(certificate.publicKey.equals(key.publicKey)).toBe(true);
  expect(chain.map(({ subject }) => subject)).toEqual(['CN=Test EST CA']);
});

test('a refusal says why, in one line without control characters', async () => {
  const { est, client } = await setUp();
  const text = { 'content-type': 'text/plain; charset=utf-8' };
  const body = `No\u001b[31m such\r\npolicy\u202e ${'x'.repeat(2_000)}`;
  est.answerNext({ status: 400, headers: text, body }, { status: 500 });
  const said = await expectError(client().caCertificates(), 'ERR_EST_REFUSED', { httpStatus: 400 });
  expect(said.message).toMatch(/\(HTTP 400\): No \[31m such policy x{400,600}…$/);
  const silent = await expectError(client().caCertificates(), 'ERR_EST_REFUSED', {
    httpStatus: 500,
  });
  expect(silent.message).toContain('did not say why');
  est.answerNext({ status: 503, headers: { 'retry-after': '7' } });
  await expectError(client().caCertificates(), 'ERR_EST_REFUSED', {
    httpStatus: 503,
    retryAfterMs: 7_000,
  });
});

test('“later” is a result with the time to wait, and what the server said', async () => {
  const { est, client } = await setUp();
  const { der } = await requestOf('CN=Jo');
  const headers = { 'retry-after': '120', 'content-type': 'text/plain' };
  est.answerNext({ status: 202, headers, body: 'an officer\nlooks at it\n' });
  expect(await client().enroll(der)).toEqual({
    state: 'pending',
    retryAfterMs: 120_000,
    message: 'an officer looks at it',
  });
  const at = new Date(Date.now() + 3_600_000).toUTCString();
  est.answerNext({ status: 202, headers: { 'retry-after': at } });
  const answer = await client().enroll(der);
  if (answer.state !== 'pending') throw new Error('issued');
  expect(Math.abs(answer.retryAfterMs - 3_600_000)).toBeLessThan(60_000);
  for (const wrong of [{}, { 'retry-after': 'soon' }]) {
    est.answerNext({ status: 202, headers: wrong });
    await expectError(client().enroll(der), 'ERR_EST_RESPONSE');
  }
});

test('waiting asks again with the same request until there is a certificate', async () => {
  const { est, client } = await setUp();
  const { der } = await requestOf('CN=Jo');
  est.answerNext(
    { status: 202, headers: { 'retry-after': '0' } },
    { status: 202, headers: { 'retry-after': '1' } },
  );
  issued(await client(CREDENTIALS).enroll(der, { wait: true }));
  expect(new Set(est.asked.map(({ body }) => body)).size).toBe(1);
  expect(est.asked).toHaveLength(4);
});

test('waiting ends with its signal', async () => {
  const { est, client } = await setUp();
  const { der } = await requestOf('CN=Jo');
  est.answerNext({ status: 202, headers: { 'retry-after': '999999999' } });
  const controller = new AbortController();
  const waiting = expectError(
    client().enroll(der, { wait: true, signal: controller.signal }),
    'ERR_ABORTED',
  );
  await until(async () => est.asked.length === 1 && (await est.connections()) === 0);
  controller.abort();
  await waiting;
  expect(est.asked).toHaveLength(1);
});

test('a server that says nothing is given up, and no connection is left', async () => {
  const { est, client } = await setUp();
  est.fallSilent();
  await expectError(client({ timeoutMs: 300 }).caCertificates(), 'ERR_TIMEOUT');
  const controller = new AbortController();
  const call = client().caCertificates({ signal: controller.signal });
  const failed = expectError(call, 'ERR_ABORTED');
  await until(async () => est.asked.length === 2);
  controller.abort();
  await failed;
  await until(async () => (await est.connections()) === 0);
});

test('a server that does no TLS, or is not there', async () => {
  const silent = createServer((socket) => socket.on('error', () => undefined).resume());
  silent.listen(0, '127.0.0.1');
  await vi.waitUntil(() => silent.listening);
  const { port } = silent.address() as { port: number };
  const client = new EstClient({ url: `https://127.0.0.1:${port}`, timeoutMs: 300 });
  await expectError(client.caCertificates(), 'ERR_TIMEOUT');
  silent.on('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await expectError(client.caCertificates(), 'ERR_EST_CONNECTION');
  await new Promise((resolve) => silent.close(resolve));
  const { message } = await expectError(client.caCertificates(), 'ERR_EST_CONNECTION');
  expect(message).toContain('ECONNREFUSED');
});

test('a redirect within the server is followed, with the request and the password', async () => {
  const { est, client } = await setUp();
  const { der } = await requestOf('CN=Jo');
  const location = '/.well-known/est/simpleenroll';
  for (const status of [301, 302, 307, 308]) {
    est.answerNext({ status, headers: { location } });
    issued(await client(CREDENTIALS).enroll(der));
  }
  est.answerNext({ status: 303, headers: { location } });
  await expectError(client(CREDENTIALS).enroll(der), 'ERR_EST_REFUSED', { httpStatus: 303 });
});

test('a request never goes to another server by itself, and a password neither', async () => {
  const { est, client } = await setUp();
  const other = await EstServer.start(CREDENTIALS, est.ca);
  const { der } = await requestOf('CN=Jo');
  const to = (path: string) => ({ status: 307, headers: { location: `${other.url}${path}` } });
  est.answerNext(to('/.well-known/est/simpleenroll'));
  const { message } = await expectError(client(CREDENTIALS).enroll(der), 'ERR_EST_REFUSED');
  expect(message).toContain(other.url);
  expect(other.asked).toEqual([]);

  est.answerNext(to('/.well-known/est/cacerts'), to('/.well-known/est/cacerts'));
  expect(await client(CREDENTIALS).caCertificates()).toHaveLength(1);
  other.answerNext({ status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } });
  await expectError(client(CREDENTIALS).caCertificates(), 'ERR_EST_AUTHENTICATION');
  expect(other.asked.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
});

test.each([
  ['to itself', { location: '/.well-known/est/cacerts' }, /redirect after 5 others/],
  ['to plain HTTP', { location: 'http://localhost/' }, /http:/],
  ['with a password', { location: 'https://a:b@localhost/' }, /no plain https URL/],
  ['to nowhere', {}, /to nowhere/],
])('a redirect %s is not followed for ever', async (_what, headers, text) => {
  const { est, client } = await setUp();
  est.answerNext(...Array.from({ length: 6 }, () => ({ status: 302, headers })));
  const { message } = await expectError(client().caCertificates(), 'ERR_EST_RESPONSE');
  expect(message).toMatch(text);
});
