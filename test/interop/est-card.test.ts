import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { EstClient, enrollByEst, reenrollByEst, type VirtualSmartCard } from '../../lib/index.js';
import { EstCa } from '../support/est-ca.js';
import { EstServer } from '../support/est-server.js';
import { expectError } from '../support/expect-error.js';
import { FIRST_READER, inserted, storeWithReaders } from '../support/opensc.js';
import { cardOptions, otherPin, temporaryDirectory } from '../support/store.js';
import { strictTlsServer } from '../support/tls-server.js';

const CREDENTIALS = { username: 'jo', password: 'first time' };

function inf(container: string): string {
  const lines = ['Subject = "CN=Jo, O=Us"', 'KeyLength = 2048', 'RequestType = PKCS10'];
  return ['[NewRequest]', ...lines, `KeyContainer = ${container}`].join('\n');
}

/** A card whose first certificate came by name and password; a second key makes the choice matter. */
async function enrolled(container: string) {
  const { manager, publish } = await storeWithReaders();
  const { pin, ...options } = cardOptions({ generate: true });
  const card = await manager.create({ pin, ...options });
  await card.createKey({ container: 'other', algorithm: 'RSA-2048' }, { pin });
  const server = await EstServer.start(CREDENTIALS);
  const { url, ca } = server;
  const trustAnchors = ca.pem;
  const first = new EstClient({ url, trustAnchors, ...CREDENTIALS });
  const result = await enrollByEst(card, first, inf(container), { pin });
  if (result.state !== 'issued') throw new Error('pending');
  return { manager, publish, card, pin, server, trustAnchors, certificate: result.certificate };
}

async function published(publish: () => Promise<unknown>): Promise<void> {
  await publish();
  await inserted(FIRST_READER);
}

test('a certificate is renewed twice, the card’s key being the TLS client’s', async () => {
  const { publish, card, pin, server, trustAnchors, certificate } = await enrolled('vpn; ä');
  await published(publish);
  const { container } = certificate;
  let present = certificate.x509;
  for (const round of [1, 2]) {
    await using est = new EstClient({
      url: server.url,
      trustAnchors,
      tlsClient: { card, container, pin },
    });
    const result = await reenrollByEst(card, est, { container, pin });
    if (result.state !== 'issued') throw new Error('pending');
    const next = result.certificate.x509;
    expect(server.asked.at(-1), `round ${round}`).toMatchObject({
      path: '/.well-known/est/simplereenroll',
      client: 'O=Us\nCN=Jo',
      protocol: 'TLSv1.2',
    });
    expect(next.serialNumber).not.toBe(present.serialNumber);
    expect(next.publicKey.equals(present.publicKey)).toBe(true);
    expect(next.verify(new X509Certificate(trustAnchors).publicKey)).toBe(true);
    present = next;
  }
  const [stored] = await card.certificates();
  expect(stored?.x509.serialNumber).toBe(present.serialNumber);
  const signature = await (await card.key(container)).sign('RSA-SHA256', 'afterwards', { pin });
  expect(signature).toHaveLength(256);
});

test('the PIN is in no argument of the program that does the TLS', async () => {
  const { publish, card, pin, server, trustAnchors } = await enrolled('vpn');
  await published(publish);
  const folder = await temporaryDirectory();
  const log = join(folder, 'arguments');
  const wrapper = `#!/bin/sh\necho "$@" >> ${log}\nexec /usr/bin/openssl "$@"\n`;
  await writeFile(join(folder, 'openssl'), wrapper, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const tlsClient = { card, container: 'vpn', pin };
  await using est = new EstClient({ url: server.url, trustAnchors, tlsClient });
  expect(await est.caCertificates()).toHaveLength(1);
  const words = await readFile(log, 'utf8');
  expect(words).toMatch(/s_client .* -pass fd:3/);
  expect(words).not.toContain(pin.toString());
});

test('a second card, in a second reader, authenticates by its own key', async () => {
  const { manager, publish, card, pin, server, trustAnchors } = await enrolled('same name');
  const options = cardOptions({ generate: true });
  const second = await manager.create(options);
  await published(publish);
  await inserted('Virtual Smart Card 00 01');
  const renewed = async (of: VirtualSmartCard, ofPin: Buffer) => {
    const tlsClient = { card: of, container: 'same name', pin: ofPin };
    await using est = new EstClient({ url: server.url, trustAnchors, tlsClient });
    return await reenrollByEst(of, est, { container: 'same name', pin: ofPin });
  };
  const request =
    '[NewRequest]\nSubject = "CN=Kim"\nKeyContainer = same name\nRequestType=PKCS10\n';
  await using first = new EstClient({ url: server.url, trustAnchors, ...CREDENTIALS });
  await enrollByEst(second, first, request, { pin: options.pin });
  expect((await renewed(second, options.pin)).state).toBe('issued');
  expect(server.asked.at(-1)?.client).toBe('CN=Kim');
  expect((await renewed(card, pin)).state).toBe('issued');
  expect(server.asked.at(-1)?.client).toBe('O=Us\nCN=Jo');
});

test('failures by a card’s key are told apart, and a wrong PIN costs one try', async () => {
  const { publish, card, pin, server, trustAnchors } = await enrolled('vpn');
  const { url } = server;
  const client = (change: { pin?: Buffer; trustAnchors?: string; url?: string } = {}) => {
    const tlsClient = { card, container: 'vpn', pin: change.pin ?? pin };
    const other = change.trustAnchors ?? trustAnchors;
    return new EstClient({ url: change.url ?? url, trustAnchors: other, tlsClient });
  };
  const failed = (est: EstClient, code: Parameters<typeof expectError>[1]) =>
    expectError(est.caCertificates(), code);

  await failed(client(), 'ERR_SMART_CARD_SERVICE');
  await published(publish);
  const { max } = await card.pinTries();
  await expectError(client({ pin: otherPin(pin) }).caCertificates(), 'ERR_PIN_INCORRECT', {
    triesLeft: max - 1,
  });
  expect(await client().caCertificates()).toHaveLength(1);
  expect(await card.pinTries()).toEqual({ left: max, max });

  const stranger = await EstCa.make('A stranger');
  const { message } = await failed(client({ trustAnchors: stranger.pem }), 'ERR_EST_CONNECTION');
  expect(message).toMatch(/self.signed certificate|unable to get local issuer/);
  const strict = { url: await strictTlsServer(stranger), trustAnchors: stranger.pem };
  const turnedDown = await failed(client(strict), 'ERR_EST_AUTHENTICATION');
  expect(turnedDown.message).toContain('alert unknown ca');
  const numbered = { ...strict, url: strict.url.replace('localhost', '127.0.0.1') };
  const misnamed = await failed(client(numbered), 'ERR_EST_CONNECTION');
  expect(misnamed.message).toContain('IP address mismatch');
  await server.stop();
  const refused = await failed(client(), 'ERR_EST_CONNECTION');
  expect(refused.message).toContain('ECONNREFUSED');
});
