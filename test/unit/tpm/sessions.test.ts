import { createHash, randomBytes, verify } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { TPM_CC } from '../../../lib/tpm/constants.js';
import { isTpmCode } from '../../../lib/tpm/error.js';
import type { Tpm } from '../../../lib/tpm/tpm.js';
import { openTransport } from '../../../lib/tpm/tpm-address.js';
import { expectError } from '../../support/expect-error.js';
import { TpmDevice } from '../../support/tpm-device.js';
import { Interposer } from './support/interposer.js';
import { definePinIndex, sealForPin } from './support/pin-index.js';
import { toKeyObject } from './support/public-key.js';
import { freshTransport, openForTest } from './support/test-tpm.js';

const OUT_OF_PROCESS = [
  'swtpm with the standard ECC parent',
  'swtpm with a persistent RSA parent',
  'device',
] as const;

/** Behind header, key, size of the authorisations, session and the nonce's own size. */
const NONCE_AT = 24;

/** A key with a value of its own: signs something, and tells whether the signature is right. */
async function signer(tpm: Tpm): Promise<() => Promise<boolean>> {
  const authValue = randomBytes(32);
  const { wrapped, publicKey } = await tpm.createKey('EC-P256', authValue);
  const key = tpm.key(wrapped);
  const verifier = { key: toKeyObject(publicKey), dsaEncoding: 'ieee-p1363' } as const;
  return async () => {
    const data = randomBytes(100);
    const digest = createHash('sha256').update(data).digest();
    return verify('sha256', data, verifier, await key.ecdsaSign(digest, authValue));
  };
}

/** Flips one bit. */
function flipped(bytes: Buffer, at: number): Buffer {
  const altered = Buffer.from(bytes);
  altered[at] = (altered[at] ?? 0) ^ 0x10;
  return altered;
}

describe.each(OUT_OF_PROCESS)('a salted session on %s', (kind) => {
  test('an answer altered in any byte behind its header is detected', async () => {
    const interposer = new Interposer(await freshTransport(kind));
    const tpm = await openForTest(interposer);
    const authValue = randomBytes(32);
    const { wrapped } = await tpm.createKey('EC-P256', authValue);
    const key = tpm.key(wrapped);
    const sealed = await tpm.seal({ data: randomBytes(16), authValue });
    const operations = [
      { code: TPM_CC.Sign, run: () => key.ecdsaSign(randomBytes(32), authValue) },
      { code: TPM_CC.Unseal, run: () => tpm.unseal(sealed, authValue) },
    ];
    for (const { code, run } of operations) {
      const untouched = await run();
      const length =
        interposer.responses.findLast((_, at) => interposer.commands[at]?.code === code)?.length ??
        0;
      expect(length).toBeGreaterThan(untouched.length);
      for (let at = 10; at < length; at += 7) {
        interposer.alterResponse = (response, command) =>
          command.code === code && at < response.length ? flipped(response, at) : response;
        await expectError(run(), 'ERR_TPM_RESPONSE');
      }
      interposer.alterResponse = (response) => response;
      expect(await run()).toHaveLength(untouched.length);
    }
  });

  test('an answer replayed from before is detected', async () => {
    const interposer = new Interposer(await freshTransport(kind));
    const tpm = await openForTest(interposer);
    const authValue = randomBytes(32);
    const key = tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped);
    await key.ecdsaSign(randomBytes(32), authValue);
    const old = Buffer.from(interposer.responses.at(-1) ?? Buffer.alloc(0));
    interposer.alterResponse = () => Buffer.from(old);
    await expectError(key.ecdsaSign(randomBytes(32), authValue), 'ERR_TPM_RESPONSE');
    interposer.alterResponse = (response) => response;
    expect(await key.ecdsaSign(randomBytes(32), authValue)).toHaveLength(64);
  });

  test('an altered command is refused by the TPM', async () => {
    const interposer = new Interposer(await freshTransport(kind));
    const tpm = await openForTest(interposer);
    const authValue = randomBytes(32);
    const key = tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped);
    await key.ecdsaSign(randomBytes(32), authValue);
    // The last bytes of the encrypted digest, before scheme and ticket.
    interposer.alterCommand = ({ bytes }) => flipped(bytes, bytes.length - 13);
    const error = await expectError(key.ecdsaSign(randomBytes(32), authValue), 'ERR_TPM_COMMAND');
    expect(isTpmCode(error, 0x0a2)).toBe(true);
    interposer.alterCommand = ({ bytes }) => bytes;
    expect(await key.ecdsaSign(randomBytes(32), authValue)).toHaveLength(64);
  });

  test('at once or after a rest, by one value or another: a nonce of its own, and the digest meant', async () => {
    const interposer = new Interposer(await freshTransport(kind));
    const tpm = await openForTest(interposer);
    const [one, other] = [await signer(tpm), await signer(tpm)];
    interposer.commands.length = 0;
    for (const sign of [one, one, other, other, one, one]) {
      expect(await sign()).toBe(true);
      expect(await sign()).toBe(true);
      await setImmediate();
    }
    const signings = interposer.commands.filter(({ code }) => code === TPM_CC.Sign);
    expect(signings).toHaveLength(12);
    const nonces = signings.map(({ bytes }) => bytes.toString('hex', NONCE_AT, NONCE_AT + 32));
    expect(new Set(nonces).size).toBe(12);
  });

  test('nothing secret passes in the clear', async () => {
    const interposer = new Interposer(await freshTransport(kind));
    const tpm = await openForTest(interposer);
    const secrets = await useSecrets(tpm);
    const traffic = Buffer.concat([
      ...interposer.commands.map(({ bytes }) => bytes),
      ...interposer.responses,
    ]);
    expectOnlyPublic(traffic, secrets);
  });
});

test('in process the same traffic shows the secrets, so the check above can fail', async () => {
  const interposer = new Interposer(await freshTransport('libtpms'));
  const tpm = await openForTest(interposer);
  const { authValue, data, pin } = await useSecrets(tpm);
  const traffic = Buffer.concat(interposer.commands.map(({ bytes }) => bytes));
  for (const secret of [authValue, data, pin]) expect(traffic.includes(secret)).toBe(true);
});

test("a recording of a device's traffic holds no secret", async () => {
  const device = await TpmDevice.start();
  try {
    const tpm = await openForTest(await openTransport(device.address));
    expect(tpm.transport.kind).toBe('device');
    const secrets = await useSecrets(tpm);
    await tpm.close();
    expectOnlyPublic(await device.recording(), secrets);
  } finally {
    await device.remove();
  }
});

/** Everything that handles a secret, once. */
async function useSecrets(tpm: Awaited<ReturnType<typeof openForTest>>) {
  const authValue = randomBytes(32);
  const data = randomBytes(32);
  const stored = randomBytes(32);
  const wrongPin = randomBytes(32);
  const { wrapped } = await tpm.createKey('EC-P256', authValue);
  const digest = randomBytes(32);
  const signature = await tpm.key(wrapped).ecdsaSign(digest, authValue);
  const rsa = await tpm.createKey('RSA-1024', authValue);
  const input = Buffer.concat([Buffer.of(0), randomBytes(127)]);
  const output = await tpm.key(rsa.wrapped).rsaPrivate(input, authValue);
  const pinIndex = await definePinIndex(tpm, 5);
  const pin = pinIndex.authValue;
  const sealed = await sealForPin(tpm, data, authValue, pinIndex.name);
  expect(await tpm.unsealWithPolicy(sealed, { pinIndex, authValue })).toEqual(data);
  const wrong = { ...pinIndex, authValue: wrongPin };
  await expectError(
    tpm.unsealWithPolicy(sealed, { pinIndex: wrong, authValue }),
    'ERR_TPM_COMMAND',
  );
  await tpm.nvDefine(0x01870001, { attributes: (1 << 1) | (1 << 17) | (1 << 25), dataSize: 32 });
  await tpm.nvWrite(0x01870001, stored);
  expect(await tpm.nvRead(0x01870001, 32)).toEqual(stored);
  return { authValue, data, stored, pin, wrongPin, digest, input, output, signature, wrapped };
}

/** What is public is there, so the traffic is the whole one; what is secret is not. */
function expectOnlyPublic(traffic: Buffer, secrets: Awaited<ReturnType<typeof useSecrets>>): void {
  const { signature, wrapped, ...secret } = secrets;
  const values: Record<string, Buffer> = secret;
  for (const code of [
    TPM_CC.Create,
    TPM_CC.Sign,
    TPM_CC.PolicySecret,
    TPM_CC.Unseal,
    TPM_CC.NV_Write,
  ]) {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(code);
    expect(traffic.includes(header)).toBe(true);
  }
  expect(traffic.includes(wrapped.publicArea)).toBe(true);
  expect(traffic.includes(signature.subarray(0, 32))).toBe(true);
  for (const [name, value] of Object.entries(values)) {
    for (let at = 0; at + 8 <= value.length; at += 1) {
      expect(traffic.includes(value.subarray(at, at + 8)), name).toBe(false);
    }
  }
}
