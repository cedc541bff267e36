import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { VirtualSmartCardError } from '../../../lib/errors.js';
import { TPM_CC } from '../../../lib/tpm/constants.js';
import { TpmReader } from '../../../lib/tpm/reader.js';
import { responseCode, splitResponse } from '../../../lib/tpm/response.js';
import { Tpm } from '../../../lib/tpm/tpm.js';
import { expectError } from '../../support/expect-error.js';
import { SeededRandom } from '../../support/random.js';
import { Interposer } from './support/interposer.js';
import { definePinIndex, sealForPin } from './support/pin-index.js';
import { codeResponse, ScriptedTransport } from './support/scripted-transport.js';
import { freshTransport, openForTest } from './support/test-tpm.js';

const TPM_ERROR = /^ERR_TPM_/;
const MUTATIONS_PER_COMMAND = 150;

/** One real command of each kind, its response, and the call that parses it. */
async function operationsOf(tpm: Tpm) {
  const authValue = randomBytes(32);
  const ec = await tpm.createKey('EC-P256', authValue);
  const rsa = await tpm.createKey('RSA-1024', authValue);
  const pinIndex = await definePinIndex(tpm, 1000);
  const sealed = await sealForPin(tpm, randomBytes(32), authValue, pinIndex.name);
  const input = Buffer.concat([Buffer.of(0), randomBytes(127)]);
  const ecKey = tpm.key(ec.wrapped);
  const rsaKey = tpm.key(rsa.wrapped);
  await ecKey.ecdsaSign(randomBytes(32), authValue);
  return [
    { code: TPM_CC.Sign, run: () => ecKey.ecdsaSign(randomBytes(32), authValue) },
    { code: TPM_CC.RSA_Decrypt, run: () => rsaKey.rsaPrivate(input, authValue) },
    { code: TPM_CC.Create, run: () => tpm.createKey('EC-P256', authValue) },
    { code: TPM_CC.Load, run: () => tpm.unsealWithPolicy(sealed, { pinIndex, authValue }) },
    { code: TPM_CC.PolicySecret, run: () => tpm.unsealWithPolicy(sealed, { pinIndex, authValue }) },
    {
      code: TPM_CC.StartAuthSession,
      run: () => tpm.unsealWithPolicy(sealed, { pinIndex, authValue }),
    },
    { code: TPM_CC.Unseal, run: () => tpm.unsealWithPolicy(sealed, { pinIndex, authValue }) },
    { code: TPM_CC.NV_Read, run: () => tpm.nvRead(pinIndex.index, 8) },
    { code: TPM_CC.NV_ReadPublic, run: () => tpm.nvReadPublic(pinIndex.index) },
    { code: TPM_CC.GetCapability, run: () => tpm.status() },
    { code: TPM_CC.GetCapability, run: () => tpm.nvIndexes() },
  ];
}

test.each(['libtpms', 'swtpm with the standard ECC parent'] as const)(
  'every prefix of a response on %s is an invalid response',
  async (kind) => {
    const interposer = new Interposer(await freshTransport(kind));
    const tpm = await openForTest(interposer);
    for (const { code, run } of await operationsOf(tpm)) {
      let length = Number.POSITIVE_INFINITY;
      for (let kept = 0; kept < length; kept = kept < 40 ? kept + 1 : kept + 11) {
        // The size field as it was, and the size field telling the truth about the rest.
        for (const honest of [false, true]) {
          interposer.alterResponse = (response, command) => {
            if (command.code !== code || response.readUInt32BE(6) !== 0) return response;
            length = response.length;
            if (kept >= length) return response;
            const cut = Buffer.from(response.subarray(0, kept));
            if (honest && kept >= 6) cut.writeUInt32BE(kept, 2);
            return cut;
          };
          if (kept < length) await expectError(run(), 'ERR_TPM_RESPONSE');
        }
      }
      interposer.alterResponse = (response) => response;
      expect(length).toBeLessThan(4097);
      await run();
    }
  },
);

test.each(['libtpms', 'swtpm with the standard ECC parent'] as const)(
  'a response mutated at random on %s is a result or a TPM error, never another',
  async (kind) => {
    const random = new SeededRandom(0x54504d32);
    const interposer = new Interposer(await freshTransport(kind));
    const tpm = await openForTest(interposer);
    let errors = 0;
    for (const { code, run } of await operationsOf(tpm)) {
      for (let mutation = 0; mutation < MUTATIONS_PER_COMMAND; mutation += 1) {
        let mutated = false;
        interposer.alterResponse = (response, command) => {
          if (mutated || command.code !== code || response.readUInt32BE(6) !== 0) return response;
          mutated = true;
          return mutate(response, random);
        };
        const outcome = await run().catch((error: unknown) => error);
        if (!(outcome instanceof Error)) continue;
        errors += 1;
        if (!(outcome instanceof VirtualSmartCardError)) throw outcome;
        expect(outcome.code).toMatch(TPM_ERROR);
      }
    }
    expect(errors).toBeGreaterThan(100);
    interposer.alterResponse = (response) => response;
    expect(await tpm.seal({ data: randomBytes(8) })).toHaveProperty('publicArea');
  },
);

test('random bytes for answers never open a TPM, and its transport is closed', async () => {
  const random = new SeededRandom(7);
  for (let round = 0; round < 500; round += 1) {
    const transport = new ScriptedTransport(() => {
      const answer = random.bytes(random.below(80));
      if (answer.length >= 10) {
        answer.writeUInt16BE(random.pick([0x8001, 0x8002]), 0);
        answer.writeUInt32BE(answer.length, 2);
        answer.writeUInt32BE(0, 6);
      }
      return answer;
    });
    const error = await Tpm.open(transport).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(VirtualSmartCardError);
    expect((error as VirtualSmartCardError).code).toMatch(TPM_ERROR);
    expect(transport.commands.at(-1)?.toString()).toBe('closed');
  }
});

test('a header must tell the truth', () => {
  const bad = {
    'too short': '80010000000a000000',
    'longer than it says': '80010000000a0000000000',
    'shorter than it says': '80010000000b00000000',
    'an error with sessions': '80020000000a00000101',
    'an error with a body': '80010000000b0000010100',
  };
  for (const [name, hex] of Object.entries(bad)) {
    expect(() => responseCode(Buffer.from(hex, 'hex')), name).toThrow(/not a valid response/);
  }
  expect(responseCode(codeResponse(0x101))).toBe(0x101);
  expect(responseCode(Buffer.from('00c40000000a0000001e', 'hex'))).toBe(0x1e);
});

test('a response is taken apart, or refused', () => {
  const response = Buffer.from(
    ['8002 0000001e 00000000', '80000001', '00000003 0001ff', '0002 aabb 01 0002 ccdd']
      .join('')
      .replaceAll(' ', ''),
    'hex',
  );
  response.writeUInt32BE(response.length, 2);
  const parts = splitResponse(response, { handle: true, session: true });
  expect(parts.handle).toBe(0x80000001);
  expect(response.subarray(parts.parameters.start, parts.parameters.end).toString('hex')).toBe(
    '0001ff',
  );
  expect(parts.session?.nonce.toString('hex')).toBe('aabb');
  expect(parts.session?.hmac.toString('hex')).toBe('ccdd');
  for (const expected of [
    { handle: true, session: false },
    { handle: false, session: true },
  ]) {
    expect(() => splitResponse(response, expected)).toThrow(/not a valid response/);
  }
});

test('a reader never reads past its end', () => {
  const bytes = Buffer.from('0005010203', 'hex');
  expect(() => new TpmReader(bytes).sized()).toThrow(/5 bytes expected where 3 are left/);
  expect(() => new TpmReader(bytes, 0, 1).u16()).toThrow(/not a valid response/);
  expect(() => new TpmReader(bytes, 4).u32()).toThrow(/not a valid response/);
  expect(() => new TpmReader(bytes).end()).toThrow(/5 bytes too many/);
  const reader = new TpmReader(bytes);
  expect([reader.u16(), reader.u8(), reader.remaining]).toEqual([5, 1, 2]);
});

function mutate(response: Buffer, random: SeededRandom): Buffer {
  const mutated = Buffer.from(response);
  const kind = random.below(4);
  if (kind === 0) return mutated.subarray(0, random.below(mutated.length));
  if (kind === 1) return Buffer.concat([mutated, random.bytes(1 + random.below(20))]);
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    mutated[random.below(mutated.length)] = random.pick([0, 0xff, random.below(256)]);
  }
  if (kind === 3 && mutated.length >= 10) {
    // Header in order, so that the parsers behind it are reached.
    response.copy(mutated, 0, 0, 10);
  }
  return mutated;
}
