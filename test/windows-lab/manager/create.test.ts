import { createCipheriv } from 'node:crypto';
import { expect, test } from 'vitest';
import { PinPolicy } from '../../../lib/pin-policy.js';
import { expectError } from '../../support/expect-error.js';
import { Lab } from '../support/lab.js';
import { CREATED, openBackend, request } from './support/backend.js';

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const utf16 = (text: string) => base64(Buffer.from(text, 'utf16le'));

/** First three bytes of triple DES over eight zero bytes, by OpenSSL. */
function keyCheckValue(adminKey: Uint8Array): string {
  const cipher = createCipheriv('des-ede3', adminKey, null).setAutoPadding(false);
  return base64(cipher.update(Buffer.alloc(8)).subarray(0, 3));
}

test('creates a card with progress, and destroys it', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  const created: number[] = [];
  const destroyed: number[] = [];
  const id = await backend.create(
    request({ name: 'Käse 🧀', onProgress: ({ code }) => created.push(code) }),
  );
  expect(id).toBe('ROOT\\SMARTCARDREADER\\0000');
  expect(created).toEqual(CREATED);
  expect((await lab.cards()).map(({ name }) => name)).toEqual(['Käse 🧀']);
  await backend.destroy(id, { onProgress: ({ code }) => destroyed.push(code) });
  expect(destroyed).toEqual([8, 5, 2, 13]);
  expect(await lab.cards()).toEqual([]);
  const [, destroy] = await lab.recorded();
  expect(destroy).toMatchObject({
    call: 'DestroyVirtualSmartCard',
    arguments: { instanceId: 'ROOT\\SMARTCARDREADER\\0000', statusCallback: true },
  });
});

test('the default policy goes by the first interface, byte for byte', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  const plain = request({ name: 'Work 🪪 laptop' });
  const withPuk = request({ puk: Buffer.from('87654321'), generate: false });
  await backend.create(plain);
  await backend.create(withPuk);
  expect(await lab.recorded()).toEqual([
    {
      component: 'com',
      call: 'CreateVirtualSmartCard',
      arguments: {
        friendlyName: utf16('Work 🪪 laptop'),
        adminAlgorithmId: 0x82,
        adminKey: base64(plain.adminKey),
        adminKeySize: 24,
        adminKcv: keyCheckValue(plain.adminKey),
        adminKcvSize: 3,
        puk: null,
        pukSize: 0,
        pin: base64(plain.pin),
        pinSize: 8,
        generate: 1,
        statusCallback: true,
      },
    },
    {
      component: 'com',
      call: 'CreateVirtualSmartCard',
      arguments: expect.objectContaining({
        puk: base64(Buffer.from('87654321')),
        pukSize: 8,
        generate: 0,
      }),
    },
  ]);
});

test('another policy goes by the second interface', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  const pinPolicy = PinPolicy.from({
    minLength: 4,
    maxLength: 12,
    uppercase: 'disallowed',
    lowercase: 'allowed',
    digits: 'required',
    specialCharacters: 'disallowed',
    otherCharacters: 'disallowed',
  });
  await backend.create(request({ pin: Buffer.from('4711'), pinPolicy }));
  const [call] = await lab.recorded();
  expect(call?.call).toBe('CreateVirtualSmartCardWithPinPolicy');
  expect(call?.arguments).toMatchObject({
    pinSize: 4,
    pinPolicySize: 32,
    pinPolicy: base64(
      Buffer.from('01000000040000000c0000000200000000000000010000000200000002000000', 'hex'),
    ),
  });
});

test('attestation goes by the third interface, with or without a policy', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  const pinPolicy = PinPolicy.from({ minLength: 4 });
  await backend.create(request({ attestation: 'aikOnly' }));
  await backend.create(request({ attestation: 'aikAndCertificate', pinPolicy }));
  const calls = await lab.recorded();
  expect(calls.map(({ call }) => call)).toEqual(
    Array(2).fill('CreateVirtualSmartCardWithAttestation'),
  );
  expect(calls[0]?.arguments).toMatchObject({
    attestationType: 1,
    pinPolicy: null,
    pinPolicySize: 0,
  });
  expect(calls[1]?.arguments).toMatchObject({ attestationType: 2, pinPolicySize: 32 });
});

test('an older Windows says what it lacks, and makes cards all the same', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  const pinPolicy = PinPolicy.from({ minLength: 4 });
  await lab.setManagerVersion(1);
  const policy = await expectError(backend.create(request({ pinPolicy })), 'ERR_NOT_SUPPORTED');
  expect(policy).toMatchObject({ hresult: 0x80004002 });
  await lab.setManagerVersion(2);
  await backend.create(request({ pinPolicy }));
  await expectError(backend.create(request({ attestation: 'aikOnly' })), 'ERR_NOT_SUPPORTED');
  expect(await lab.cards()).toHaveLength(1);
});

test('what Windows cannot do is refused before it is called', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  await expectError(backend.create(request({ allowKeyImport: true })), 'ERR_NOT_SUPPORTED');
  await expectError(backend.create(request({ antiHammering: 'wait' })), 'ERR_NOT_SUPPORTED');
  expect(await lab.recorded()).toEqual([]);
});

test('four backends create at the same time', async () => {
  const lab = await Lab.fresh();
  const backends = await Promise.all([1, 2, 3, 4].map(() => openBackend()));
  const ids = await Promise.all(
    backends.map((backend, number) => backend.create(request({ name: `Card ${number}` }))),
  );
  expect(new Set(ids).size).toBe(4);
  await Promise.all(backends.map((backend, number) => backend.destroy(ids[number] ?? '', {})));
  expect(await lab.cards()).toEqual([]);
});
