import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import {
  type CmsContent,
  type CmsOptions,
  signCms,
  signSmime,
  VirtualSmartCardCertificate,
} from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { makeCard } from '../face/card-fixture.js';

const INF = '[NewRequest]\nSubject = "CN=Alice"\nKeyAlgorithm = ECDSA_P256\nRequestType = Cert\n';

async function makeSigner() {
  const fixture = await makeCard();
  return { ...fixture, certificate: await fixture.card.enroll(INF, fixture.withPin) };
}

/** Whether the message's signed attributes are about that content. */
function isAbout({ der }: { der: Buffer }, content: string | Uint8Array): boolean {
  return der.includes(createHash('sha256').update(content).digest());
}

it('reads a content of every kind', async () => {
  const { certificate, withPin } = await makeSigner();
  const bytes = randomBytes(300_000);
  const folder = await mkdtemp(join(tmpdir(), 'vsc-cms-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'content'), bytes);
  const contents: CmsContent[] = [
    bytes,
    createReadStream(join(folder, 'content')),
    Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]),
    new Blob([bytes]).stream() as unknown as AsyncIterable<Uint8Array>,
  ];
  for (const content of contents) {
    expect(isAbout(await signCms(certificate, content, withPin), bytes)).toBe(true);
  }
  expect(isAbout(await signCms(certificate, 'Grüße', withPin), 'Grüße')).toBe(true);
  const inPieces = Readable.from(['Grü', 'ße']);
  expect(isAbout(await signCms(certificate, inPieces, withPin), 'Grüße')).toBe(true);
  expect(isAbout(await signCms(certificate, new Uint8Array(), withPin), '')).toBe(true);
});

it('reads a stream of any size piece by piece', async () => {
  const { certificate, withPin } = await makeSigner();
  const chunk = Buffer.alloc(1 << 20, 7);
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  async function* large() {
    for (let count = 0; count < 200; count += 1) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      yield chunk;
    }
  }
  const signed = await signCms(certificate, large(), withPin);
  const digest = createHash('sha256');
  for (let count = 0; count < 200; count += 1) digest.update(chunk);
  expect(signed.der.includes(digest.digest())).toBe(true);
  expect(signed.der.length).toBeLessThan(2000);
  expect(most).toBeLessThan(50 << 20);
});

it('is not signed when the stream fails, whose error comes as it is', async () => {
  const { backend, certificate, withPin } = await makeSigner();
  let closed = false;
  async function* failing() {
    try {
      yield Buffer.from('a');
      throw new RangeError('the disk is gone');
    } finally {
      closed = true;
    }
  }
  const before = backend.apdus.length;
  await expect(signCms(certificate, failing(), withPin)).rejects.toThrow(RangeError);
  expect(closed).toBe(true);
  const missing = createReadStream('/nowhere/at/all');
  await expect(signCms(certificate, missing, withPin)).rejects.toMatchObject({ code: 'ENOENT' });
  const numbers = Readable.from([Buffer.from('a'), 5]) as AsyncIterable<Uint8Array>;
  await expectError(signCms(certificate, numbers, withPin), 'ERR_INVALID_ARGUMENT', {
    parameter: 'content',
    actual: 'a number',
  });
  expect(backend.apdus.length).toBe(before);
});

it('an abort ends it, also while a stream gives nothing', async () => {
  const { backend, certificate, withPin } = await makeSigner();
  const before = backend.apdus.length;
  const reason = new Error('the user went home');
  async function* hanging() {
    yield Buffer.from('a');
    await new Promise(() => undefined);
  }
  const silent = new Readable({ read: () => undefined });
  for (const content of [hanging(), silent]) {
    const abort = new AbortController();
    const signing = signCms(certificate, content, { ...withPin, signal: abort.signal });
    setTimeout(() => abort.abort(reason), 20);
    expect((await expectError(signing, 'ERR_ABORTED')).cause).toBe(reason);
  }
  expect(silent.destroyed).toBe(true);
  const { signal } = new AbortController();
  expect(
    isAbout(await signCms(certificate, Readable.from(['x']), { ...withPin, signal }), 'x'),
  ).toBe(true);
  expect(backend.apdus.length).toBeGreaterThan(before);
});

it('has taken its copies of PIN and content before it waits', async () => {
  const { certificate, pin } = await makeSigner();
  const given = Buffer.from(pin);
  async function* content() {
    given.fill(0x30);
    yield 'text';
  }
  expect(isAbout(await signCms(certificate, content(), { pin: given }), 'text')).toBe(true);
  const bytes = Buffer.from('text');
  const signing = signCms(certificate.key, bytes, { pin });
  bytes.fill(0);
  expect(isAbout(await signing, 'text')).toBe(true);
});

it('refuses what is wrong before anything is read', async () => {
  const { backend, certificate, withPin } = await makeSigner();
  const before = backend.apdus.length;
  const wrong: [string, unknown, unknown, object][] = [
    ['signer', {}, 'x', {}],
    ['signer', certificate.x509, 'x', {}],
    ['content', certificate, undefined, {}],
    ['content', certificate, { text: 'x' }, {}],
    ['content', certificate, ['x'], {}],
    ['detached', certificate, 'x', { detached: 'no' }],
    ['hash', certificate, 'x', { hash: 'SHA1' }],
    ['hash', certificate, 'x', { hash: 'sha256' }],
    ['padding', certificate, 'x', { padding: 'pss' }],
    ['signingTime', certificate, 'x', { signingTime: new Date('nonsense') }],
    ['signingTime', certificate, 'x', { signingTime: Date.now() }],
    ['signingTime', certificate, 'x', { signingTime: new Date(Date.UTC(10_000, 0)) }],
    ['certificates', certificate, 'x', { certificates: certificate.pem }],
    ['certificates[0]', certificate, 'x', { certificates: ['pem'] }],
    ['options', certificate, 'x', { chain: [] }],
    ['pin', certificate, 'x', { pin: '1' }],
  ];
  for (const [parameter, signer, content, options] of wrong) {
    await expectError(
      signCms(signer as VirtualSmartCardCertificate, content as string, {
        ...withPin,
        ...(options as CmsOptions),
      }),
      'ERR_INVALID_ARGUMENT',
      { parameter },
    );
  }
  expect(backend.apdus.length).toBe(before);
});

it('needs a certificate of the key, the PIN, and a key that is long enough', async () => {
  const { card, certificate, withPin, wrongPin } = await makeSigner();
  const bare = await card.createKey({ algorithm: 'RSA-1024' }, withPin);
  const unread = Readable.from(['x']);
  await expectError(signCms(bare, unread, withPin), 'ERR_CERTIFICATE_NOT_FOUND');
  expect(unread.destroyed).toBe(true);
  await expectError(
    signCms(bare, 'x', { ...withPin, padding: 'pss', hash: 'SHA512' }),
    'ERR_ALGORITHM_NOT_SUPPORTED',
  );
  const foreign = VirtualSmartCardCertificate.create(certificate.x509, bare);
  await expectError(signCms(foreign, 'x', withPin), 'ERR_CERTIFICATE_MISMATCH');
  await expectError(signCms(certificate, 'x'), 'ERR_PIN_REQUIRED');
  await expectError(signCms(certificate, 'x', { pin: wrongPin }), 'ERR_PIN_INCORRECT', {
    triesLeft: 4,
  });
});

it('mail is signed of a MIME entity only', async () => {
  const { backend, certificate, withPin } = await makeSigner();
  const before = backend.apdus.length;
  const wrong: [string, unknown, object][] = [
    ['entity', 'just a text', {}],
    ['entity', 'Content-Type: text/plain', {}],
    ['entity', '\nContent-Type: text/plain\n\nbody', {}],
    ['entity', '', {}],
    ['entity', Readable.from(['x']), {}],
    ['options', 'A: b\n\nbody', { detached: false }],
    ['hash', 'A: b\n\nbody', { hash: 'SHA1' }],
  ];
  for (const [parameter, entity, options] of wrong) {
    const signing = signSmime(certificate, entity as string, { ...withPin, ...options });
    await expectError(signing, 'ERR_INVALID_ARGUMENT', { parameter });
  }
  expect(backend.apdus.length).toBe(before);
  const mail = await signSmime(certificate.key, Buffer.from('A: b\n\n'), withPin);
  expect(mail.toString()).toContain('\r\nA: b\r\n\r\n\r\n--signed-');
});
