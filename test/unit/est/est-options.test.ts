import { describe, expect, test } from 'vitest';
import { retryAfterMs } from '../../../lib/est/retry-after.js';
import {
  EstClient,
  enrollByEst,
  reenrollByEst,
  VirtualSmartCardError,
} from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { makeCard } from '../face/card-fixture.js';

const url = 'https://est.example.com';
const connect = async () => Promise.reject(new Error('never'));

test.each<[string, unknown]>([
  ['url', {}],
  ['url', { url: 'http://est.example.com' }],
  ['url', { url: 'est.example.com' }],
  ['url', { url: `${url}/ca` }],
  ['url', { url: `${url}?ca=1` }],
  ['url', { url: 'https://jo:hush-hush@est.example.com' }],
  ['label', { url, label: 'cacerts' }],
  ['label', { url, label: 'a/b' }],
  ['label', { url, label: '..' }],
  ['trustAnchors', { url, trustAnchors: [] }],
  ['trustAnchors', { url, trustAnchors: '' }],
  ['trustAnchors', { url, trustAnchors: 'hush-hush' }],
  ['trustAnchors', { url, trustAnchors: [7] }],
  ['username', { url, password: 'hush-hush' }],
  ['username', { url, username: 'a:b', password: 'hush-hush' }],
  ['password', { url, username: 'jo' }],
  ['password', { url, username: 'jo', password: 7 }],
  ['tlsClient', { url, tlsClient: {} }],
  ['tlsClient', { url, tlsClient: 'hush-hush' }],
  ['tlsClient', { url, tlsClient: { certificate: 'x' } }],
  ['tlsClient', { url, tlsClient: { certificate: 'x', privateKey: 'hush-hush' } }],
  ['tlsClient', { url, tlsClient: { pfx: Buffer.from('hush-hush'), passphrase: 'hush-hush' } }],
  ['tlsClient', { url, tlsClient: { pfx: 'x', privateKey: 'hush-hush' } }],
  ['tlsClient', { url, connect, tlsClient: { pfx: Buffer.from('x') } }],
  ['tlsClient.card', { url, tlsClient: { card: {}, pin: 'hush-hush' } }],
  ['connect', { url, connect: 'x' }],
  ['timeoutMs', { url, timeoutMs: 0 }],
  ['timeoutMs', { url, timeoutMs: 600_001 }],
  ['timeoutMs', { url, timeoutMs: '9' }],
  ['options', { url, pasword: 'hush-hush' }],
  ['options', undefined],
])('a wrong %s is named, %#', (parameter, options) => {
  try {
    new EstClient(options as never);
  } catch (error) {
    if (!VirtualSmartCardError.is(error, 'ERR_INVALID_ARGUMENT')) throw error;
    expect(error.parameter, error.message).toBe(parameter);
    expect(JSON.stringify(error)).not.toContain('hush-hush');
    return;
  }
  throw new Error('it was taken');
});

test('so are wrong arguments of the calls', async () => {
  const { card, withPin } = await makeCard();
  const client = new EstClient({ url, connect });
  const wrong = (call: Promise<unknown>, parameter: string) =>
    expectError(call, 'ERR_INVALID_ARGUMENT', { parameter });
  await wrong(client.enroll('no PEM'), 'request');
  await wrong(client.enroll(Buffer.from([0x30, 0])), 'request');
  await wrong(client.reenroll(7 as never), 'request');
  await wrong(client.enroll('x', { wait: 1 as never }), 'wait');
  await wrong(client.caCertificates({ wait: true } as never), 'options');
  await wrong(enrollByEst({} as never, client, ''), 'card');
  await wrong(reenrollByEst(card, {} as never), 'client');
  await wrong(enrollByEst(card, client, '', { operation: 'fullcmc' as never }), 'operation');
  await wrong(reenrollByEst(card, client, { ...withPin, inf: '' } as never), 'options');
});

test('a card in no reader is not reached by OpenSSL, and the message says so', async () => {
  const { card, pin } = await makeCard();
  const client = new EstClient({ url, tlsClient: { card, pin } });
  await expectError(client.caCertificates(), 'ERR_SMART_CARD_SERVICE');
});

describe('Retry-After', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  test.each([
    ['0', 0],
    [' 120 ', 120_000],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sunday, 01-Mar-26 12:00:30 GMT', 30_000],
    ['Sun Mar  1 12:00:30 2026', 30_000],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['9999999999999', undefined],
    ['2026-03-01T12:00:30Z', undefined],
    ['Sun, 99 Foo 2026 12:00:30 GMT', undefined],
  ])('%j is %s ms', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });
});
