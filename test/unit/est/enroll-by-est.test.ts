import { expect, test } from 'vitest';
import { EstClient, enrollByEst, reenrollByEst } from '../../../lib/index.js';
import type { EstServer } from '../../support/est-server.js';
import { expectError } from '../../support/expect-error.js';
import { until } from '../../support/pcsc.js';
import { makeCard } from '../face/card-fixture.js';
import { CREDENTIALS, infFor, setUp } from './est-fixture.js';

const LATER = { status: 202, headers: { 'retry-after': '1' } };
const INF = infFor('CN=Jo', 'KeyContainer = vpn');

async function cardAndServer() {
  return { ...(await setUp()), ...(await makeCard()) };
}

/** A client whose TLS key is in memory and has a certificate of that subject. */
async function tlsClient(est: EstServer, subject: string, ...extensions: string[]) {
  const pair = await est.ca.pair(subject, ...extensions);
  return new EstClient({ url: est.url, trustAnchors: est.ca.pem, tlsClient: pair });
}

test('a card enrols in one call', async () => {
  const { client, card, withPin } = await cardAndServer();
  const result = await enrollByEst(card, client(CREDENTIALS), INF, withPin);
  if (result.state !== 'issued') throw new Error('pending');
  expect(result.certificate.container).toBe('vpn');
  const [stored] = await card.certificates();
  expect(stored?.x509.subject).toBe('CN=Jo');
});

test('a refusal, an outage or an answer of nonsense leaves no key', async () => {
  const { est, client, card, withPin } = await cardAndServer();
  const enrolled = () => enrollByEst(card, client(), INF, withPin);
  est.answerNext({ status: 403 });
  await expectError(enrolled(), 'ERR_EST_REFUSED', { httpStatus: 403 });
  await expectError(enrolled(), 'ERR_EST_AUTHENTICATION');
  est.answerNext({ status: 200, headers: { 'content-type': 'application/pkcs7-mime' } });
  await expectError(enrolled(), 'ERR_EST_RESPONSE');
  est.answerNext({ ...LATER, headers: { 'retry-after': '1' } }, { status: 403 });
  await expectError(
    enrollByEst(card, client(), INF, { ...withPin, wait: true }),
    'ERR_EST_REFUSED',
  );
  await est.stop();
  await expectError(enrolled(), 'ERR_EST_CONNECTION');
  expect(await card.containers()).toEqual([]);
});

test('“later” leaves key and request for a second call', async () => {
  const { est, client, card, withPin } = await cardAndServer();
  est.answerNext(LATER, { status: 403 });
  const pending = await enrollByEst(card, client(CREDENTIALS), INF, withPin);
  if (pending.state !== 'pending') throw new Error('issued');
  expect(pending).toMatchObject({ retryAfterMs: 1_000, message: '' });
  const again = () => enrollByEst(card, client(CREDENTIALS), pending.request, withPin);
  await expectError(again(), 'ERR_EST_REFUSED');
  expect((await card.containers()).map(({ name }) => name)).toEqual(['vpn']);
  const result = await again();
  expect(result.state).toBe('issued');
  expect(new Set(est.asked.map(({ body }) => body)).size).toBe(1);
});

test('waiting survives a server that is away, as a pending result', async () => {
  const { est, client, card, withPin } = await cardAndServer();
  const away = { status: 503, headers: { 'content-type': 'text/plain' }, body: 'back soon' };
  est.answerNext(LATER, away);
  const options = { ...withPin, wait: true };
  const pending = await enrollByEst(card, client(CREDENTIALS), INF, options);
  if (pending.state !== 'pending') throw new Error('issued');
  expect(pending.message).toContain('back soon');
  const result = await enrollByEst(card, client(CREDENTIALS), pending.request, options);
  expect(result.state).toBe('issued');
});

test('an abort while waiting leaves no key', async () => {
  const { est, client, card, withPin } = await cardAndServer();
  est.answerNext({ status: 202, headers: { 'retry-after': '3600' } });
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = enrollByEst(card, client(), INF, { ...withPin, wait: true, signal });
  const failed = expectError(waiting, 'ERR_ABORTED');
  await until(() => est.asked.length === 1);
  controller.abort();
  await failed;
  expect(await card.containers()).toEqual([]);
});

test('a certificate is renewed for the same key, names and all, twice', async () => {
  const { est, card, withPin } = await cardAndServer();
  const names = [
    'DNS:jo.example.com',
    'email:jo@example.com',
    'otherName:1.3.6.1.4.1.311.20.2.3;UTF8:jo@corp',
  ];
  const extension = `subjectAltName=${names.join(',')}`;
  const { der, container, key } = await card.createRequest(INF, withPin);
  // The CA puts names into the first certificate that the request did not have.
  const first = await est.ca.signWith(der, '/C=DE/O=Wir/CN=Jo', extension);
  await card.installCertificate(first, withPin);
  const client = await tlsClient(est, '/C=DE/O=Wir/CN=Jo', extension);
  for (const _round of [1, 2]) {
    const before = (await key.certificate()).x509;
    const result = await reenrollByEst(card, client, { container, ...withPin });
    if (result.state !== 'issued') throw new Error('pending');
    const { x509 } = result.certificate;
    expect(x509.subjectAltName).toBe(before.subjectAltName);
    expect(x509.subjectAltName).toContain('jo.example.com');
    expect(x509.subject).toBe('C=DE\nO=Wir\nCN=Jo');
    expect(x509.serialNumber).not.toBe(before.serialNumber);
    expect((await key.certificate()).x509.serialNumber).toBe(x509.serialNumber);
  }
});

test('a certificate is replaced by one with a new key', async () => {
  const { est, client, card, withPin } = await cardAndServer();
  await enrollByEst(card, client(CREDENTIALS), INF, withPin);
  const next = infFor('CN=Jo', 'KeyContainer = next');
  const options = { ...withPin, operation: 'simplereenroll' as const };
  const byTls = await tlsClient(est, '/CN=Jo');
  expect((await enrollByEst(card, byTls, next, options)).state).toBe('issued');
  expect(est.asked.at(-1)?.path).toBe('/.well-known/est/simplereenroll');
  expect((await card.certificates()).map(({ container }) => container)).toEqual(['vpn', 'next']);
});

test('a failed renewal leaves the present certificate, and needs one', async () => {
  const { client, card, withPin } = await cardAndServer();
  await enrollByEst(card, client(CREDENTIALS), INF, withPin);
  const before = (await card.certificates()).map(({ x509 }) => x509.serialNumber);
  await expectError(reenrollByEst(card, client(CREDENTIALS), withPin), 'ERR_EST_AUTHENTICATION');
  expect((await card.certificates()).map(({ x509 }) => x509.serialNumber)).toEqual(before);
  await card.createKey({ container: 'bare', algorithm: 'EC-P256' }, withPin);
  const bare = reenrollByEst(card, client(), { container: 'bare', ...withPin });
  await expectError(bare, 'ERR_CERTIFICATE_NOT_FOUND');
});

test('a wrong PIN is found before the server is asked', async () => {
  const { est, client, card, wrongPin } = await cardAndServer();
  await expectError(enrollByEst(card, client(), INF, { pin: wrongPin }), 'ERR_PIN_INCORRECT');
  expect(est.asked).toEqual([]);
});
