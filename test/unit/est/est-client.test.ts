import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { EstClient, type EstOptions } from '../../../lib/index.js';
import { EstCa } from '../../support/est-ca.js';
import { expectError } from '../../support/expect-error.js';
import { strictTlsServer } from '../../support/tls-server.js';
import { CREDENTIALS, issued, requestOf, setUp } from './est-fixture.js';

test('the CA certificates are those of the CA', async () => {
  const { est, client } = await setUp();
  const certificates = await client().caCertificates();
  expect(certificates.map(({ raw }) => raw)).toEqual([new X509Certificate(est.ca.pem).raw]);
  expect(est.asked).toMatchObject([{ method: 'GET', path: '/.well-known/est/cacerts' }]);
});

test('a request by name and password gets a certificate; the password goes only when asked for', async () => {
  const { est, client } = await setUp();
  const { der, pem, key } = await requestOf('CN=Jo');
  for (const request of [der, pem, Buffer.from(pem)]) {
    const { certificate, chain } = issued(await client(CREDENTIALS).enroll(request));
    expect(certificate.publicKey.equals(key.publicKey)).toBe(true);
    expect(certificate.verify(new X509Certificate(est.ca.pem).publicKey)).toBe(true);
    expect(chain).toEqual([]);
    expect(est.asked.splice(0)).toMatchObject([
      { path: '/.well-known/est/simpleenroll', authorization: undefined },
      {
        authorization: `Basic ${Buffer.from('jo:Grüße: 1').toString('base64')}`,
        body: der.toString('base64'),
      },
    ]);
  }
});

test('a label is part of the path', async () => {
  const { est, client } = await setUp({ ...CREDENTIALS, label: 'staff ca' });
  const url = `${est.url}/.well-known/est/`;
  const { der } = await requestOf('CN=Jo');
  issued(await client({ ...CREDENTIALS, url, label: 'staff ca' }).enroll(der));
  expect(est.asked[0]?.path).toBe('/.well-known/est/staff%20ca/simpleenroll');
  await expectError(client(CREDENTIALS).enroll(der), 'ERR_EST_REFUSED', { httpStatus: 404 });
});

describe('a TLS client certificate in memory', () => {
  test('re-enrols: PEM, an encrypted key, and PKCS #12', async () => {
    const { est, client } = await setUp();
    const pair = await est.ca.pair('/CN=Jo');
    const { pfx, encrypted } = await est.ca.protect(pair, 'open sesame');
    const passphrase = Buffer.from('open sesame');
    const { der } = await requestOf('CN=Jo');
    const ways: EstOptions['tlsClient'][] = [
      pair,
      { certificate: pair.certificate, privateKey: encrypted, passphrase },
      { pfx, passphrase },
    ];
    for (const tlsClient of ways) {
      issued(await client({ tlsClient }).reenroll(der));
      expect(est.asked.pop()).toMatchObject({
        path: '/.well-known/est/simplereenroll',
        client: 'CN=Jo',
        protocol: 'TLSv1.3',
      });
    }
    const { der: other } = await requestOf('CN=Kim');
    const refused = client({ tlsClient: pair }).reenroll(other);
    const { message } = await expectError(refused, 'ERR_EST_REFUSED', { httpStatus: 403 });
    expect(message).toContain('the request is about somebody else than its sender');
  });

  test('that the server does not take is told from a server out of reach', async () => {
    const ca = await EstCa.make();
    const url = await strictTlsServer(ca);
    const trustAnchors = ca.pem;
    const stranger = await (await EstCa.make('A stranger')).pair('/CN=Jo');
    for (const tlsClient of [undefined, stranger]) {
      const client = new EstClient({ url, trustAnchors, tlsClient });
      await expectError(client.caCertificates(), 'ERR_EST_AUTHENTICATION');
    }
  });

  test('is missing where the server wants one', async () => {
    const { client } = await setUp();
    const { der } = await requestOf('CN=Jo');
    const refused = client(CREDENTIALS).reenroll(der);
    await expectError(refused, 'ERR_EST_AUTHENTICATION', { httpStatus: 401 });
  });
});

describe('name and password', () => {
  test('that are wrong or missing', async () => {
    const { client } = await setUp();
    const { der } = await requestOf('CN=Jo');
    const wrong = client({ ...CREDENTIALS, password: 'guess' }).enroll(der);
    const { message } = await expectError(wrong, 'ERR_EST_AUTHENTICATION', { httpStatus: 401 });
    expect(message).not.toContain('guess');
    await expectError(client().enroll(der), 'ERR_EST_AUTHENTICATION', { httpStatus: 401 });
  });

  test('are not given to a server that asks for another scheme', async () => {
    const { est, client } = await setUp();
    est.answerNext({ status: 401, headers: { 'www-authenticate': 'Digest realm="Basic"' } });
    const { der } = await requestOf('CN=Jo');
    const { message } = await expectError(
      client(CREDENTIALS).enroll(der),
      'ERR_EST_AUTHENTICATION',
    );
    expect(message).toContain('Digest');
    expect(est.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test('are gone after close, which ends what is under way', async () => {
    const { est, client } = await setUp();
    const password = Buffer.from(CREDENTIALS.password);
    const closing = client({ ...CREDENTIALS, password });
    password.fill(0);
    const { der } = await requestOf('CN=Jo');
    issued(await closing.enroll(der));
    est.fallSilent();
    const waiting = closing.caCertificates();
    const failed = expectError(waiting, 'ERR_CLOSED');
    await closing.close();
    await failed;
    await closing.close();
    await expectError(closing.enroll(der), 'ERR_CLOSED');
  });
});

describe('whom the client trusts', () => {
  test('is the CAs of its own and nobody else', async () => {
    const { est, client } = await setUp();
    const stranger = await EstCa.make('A stranger');
    const untrusted = client({ trustAnchors: stranger.pem }).caCertificates();
    const { message } = await expectError(untrusted, 'ERR_EST_CONNECTION');
    expect(message).toMatch(/self.signed|unable to (verify|get)/);
    await expectError(client({ trustAnchors: undefined }).caCertificates(), 'ERR_EST_CONNECTION');
    const both = [stranger.pem, new X509Certificate(est.ca.pem)];
    expect(await client({ trustAnchors: both }).caCertificates()).toHaveLength(1);
    const bundle = Buffer.from(stranger.pem + est.ca.pem);
    expect(await client({ trustAnchors: bundle }).caCertificates()).toHaveLength(1);
  });

  test('is a server by its name or address', async () => {
    const { est, client } = await setUp();
    const byAddress = client({ url: est.url.replace('localhost', '127.0.0.1') });
    expect(await byAddress.caCertificates()).toHaveLength(1);
    const ca = await EstCa.make();
    const named = (await strictTlsServer(ca)).replace('localhost', '127.0.0.1');
    const misnamed = client({ url: named, trustAnchors: ca.pem }).caCertificates();
    const { message } = await expectError(misnamed, 'ERR_EST_CONNECTION');
    expect(message).toContain('127.0.0.1');
  });
});

test('a way to connect of the caller’s carries the requests', async () => {
  const { est, client } = await setUp();
  const targets: unknown[] = [];
  const connect: EstOptions['connect'] = async ({ host, port, trustAnchors, signal }) => {
    targets.push({ host, port, trustAnchors, aborted: signal.aborted });
    const { connect: tlsConnect } = await import('node:tls');
    return tlsConnect({ host, port, ca: trustAnchors, servername: host });
  };
  expect(await client({ connect }).caCertificates()).toHaveLength(1);
  const { port } = est;
  const trustAnchors = est.ca.pem;
  expect(targets).toEqual([{ host: 'localhost', port, trustAnchors, aborted: false }]);
  const failing = client({ connect: async () => Promise.reject(new Error('no way there')) });
  const { message } = await expectError(failing.caCertificates(), 'ERR_EST_CONNECTION');
  expect(message).toContain('no way there');
  const hanging = client({ connect: () => new Promise(() => undefined), timeoutMs: 50 });
  await expectError(hanging.caCertificates(), 'ERR_TIMEOUT');
});
