import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { EstClient, type EstOptions } from '../../../lib/index.js';
import { EstServer, type EstServerOptions } from '../../support/est-server.js';
import { expectError } from '../../support/expect-error.js';
import { makeCard } from '../face/card-fixture.js';

const INF = '[NewRequest]\nSubject = "CN=Jo"\nKeyAlgorithm = ECDSA_P256\nRequestType = PKCS10\n';
const CREDENTIALS = { username: 'jo', password: 'Grüße: 1' };

async function setUp(options: Partial<EstOptions> = {}, server: EstServerOptions = CREDENTIALS) {
  const est = await EstServer.start(server);
  const { url, ca } = est;
  return { est, client: new EstClient({ url, trustAnchors: ca.pem, ...options }) };
}

test('the CA certificates are those of the CA', async () => {
  const { est, client } = await setUp();
  const certificates = await client.caCertificates();
  expect(certificates.map(({ raw }) => raw)).toEqual([new X509Certificate(est.ca.pem).raw]);
  expect(est.asked).toMatchObject([{ method: 'GET', path: '/.well-known/est/cacerts' }]);
});

test('a request by name and password is answered by a certificate that the card takes', async () => {
  const { est, client } = await setUp(CREDENTIALS);
  const { card, withPin } = await makeCard();
  const { der, container } = await card.createRequest(INF, withPin);
  const answer = await client.enroll(der);
  if (answer.state !== 'issued') throw new Error('pending');
  expect(answer.chain).toEqual([]);
  const stored = await card.installCertificate(answer.certificate, withPin);
  expect(stored.container).toBe(container);
  expect(stored.x509.verify(new X509Certificate(est.ca.pem).publicKey)).toBe(true);
  // The password goes out only when it is asked for.
  expect(est.asked.map(({ authorization }) => authorization)).toEqual([
    undefined,
    `Basic ${Buffer.from('jo:Grüße: 1').toString('base64')}`,
  ]);
});
