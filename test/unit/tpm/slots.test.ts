import { createHash, randomBytes, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { TPM_CC, TPM_RC } from '../../../lib/tpm/constants.js';
import { Tpm } from '../../../lib/tpm/tpm.js';
import { openTransport } from '../../../lib/tpm/tpm-address.js';
import type { TpmTransport } from '../../../lib/tpm/transport.js';
import { Interposer } from './support/interposer.js';
import { definePinIndex, sealForPin } from './support/pin-index.js';
import { toKeyObject } from './support/public-key.js';
import { codeResponse } from './support/scripted-transport.js';
import {
  freshSwtpm,
  freshTpm,
  freshTransport,
  openForTest,
  TPM_KINDS,
} from './support/test-tpm.js';

const KEYS = 10;
const ROUNDS = 4;

/** Passes everything on, and counts commands. */
function counting(transport: TpmTransport): TpmTransport & { commands: number } {
  return {
    ...{ kind: transport.kind, address: transport.address, inProcess: transport.inProcess },
    commands: 0,
    transmit(command) {
      this.commands += 1;
      return transport.transmit(command);
    },
    close: () => transport.close(),
  };
}

describe.each(TPM_KINDS)('three slots on %s', (kind) => {
  test('data is sealed while ten keys are used and released', async () => {
    const tpm = await freshTpm(kind);
    const authValue = randomBytes(32);
    const { wrapped } = await tpm.createKey('EC-P256', authValue);
    const digest = createHash('sha256').update('data').digest();
    let sealing = 0;
    const use = async () => {
      const key = tpm.key(wrapped);
      for (let round = 0; round < 4 * ROUNDS; round += 1) {
        expect(await key.ecdsaSign(digest, authValue)).toHaveLength(64);
        await key.release();
      }
    };
    const seal = async () => {
      for (let round = 0; round < 10 * ROUNDS; round += 1) {
        await tpm.seal({ data: digest, authValue });
        sealing += 1;
      }
    };
    await Promise.all([seal(), ...Array.from({ length: KEYS }, use), seal(), seal()]);
    expect(sealing).toBe(30 * ROUNDS);
  });

  test('ten keys sign at once, while others are made, sealed and unsealed', async () => {
    const tpm = await freshTpm(kind);
    const authValue = randomBytes(32);
    const keys = await Promise.all(
      Array.from({ length: KEYS }, async () => {
        const { wrapped, publicKey } = await tpm.createKey('EC-P256', authValue);
        return { key: tpm.key(wrapped), publicKey: toKeyObject(publicKey) };
      }),
    );
    const pinIndex = await definePinIndex(tpm, 5);
    const sealed = await sealForPin(tpm, randomBytes(32), authValue, pinIndex.name);
    const results: boolean[] = [];
    const sign = async ({ key, publicKey }: (typeof keys)[number]) => {
      const data = randomBytes(64);
      const digest = createHash('sha256').update(data).digest();
      const signature = await key.ecdsaSign(digest, authValue);
      const verifier = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
      results.push(verify('sha256', data, verifier, signature));
    };
    const work: Promise<unknown>[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const one of keys) work.push(sign(one));
      work.push(tpm.createKey('EC-P256', authValue));
      work.push(tpm.unsealWithPolicy(sealed, { pinIndex, authValue }));
      work.push(keys[round]?.key.release() ?? Promise.reject(new Error('no key')));
      work.push(tpm.seal({ data: randomBytes(8) }));
      work.push(tpm.status());
    }
    await Promise.all(work);
    expect(results).toEqual(Array(KEYS * ROUNDS).fill(true));
  });

  test('a loaded key costs one command per operation', async () => {
    const transport = counting(await freshTransport(kind));
    const tpm = await openForTest(transport);
    const authValue = randomBytes(32);
    const ec = tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped);
    const rsa = tpm.key((await tpm.createKey('RSA-1024', authValue)).wrapped);
    const input = Buffer.concat([Buffer.of(0), randomBytes(127)]);
    await ec.ecdsaSign(randomBytes(32), authValue);
    await rsa.rsaPrivate(input, authValue);
    const before = transport.commands;
    for (let count = 0; count < 5; count += 1) {
      await ec.ecdsaSign(randomBytes(32), authValue);
      await rsa.rsaPrivate(input, authValue);
    }
    expect(transport.commands - before).toBe(10);
  });
});

test.each(TPM_KINDS)(
  'a command for which a slot is missing on %s gets that of the key used longest ago',
  async (kind) => {
    const interposer = new Interposer(await freshTransport(kind));
    const tpm = await openForTest(interposer);
    const authValue = randomBytes(32);
    const [first, second] = await Promise.all(
      [1, 2].map(async () => tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped)),
    );
    if (!first || !second) throw new Error('two keys were made');
    await first.ecdsaSign(randomBytes(32), authValue);
    await second.ecdsaSign(randomBytes(32), authValue);
    const transmit = interposer.transmit.bind(interposer);
    let refusals = 0;
    interposer.transmit = (command) => {
      const isCreate = Buffer.from(command).readUInt32BE(6) === TPM_CC.Create;
      if (!isCreate || refusals > 0) return transmit(command);
      refusals += 1;
      return Promise.resolve(codeResponse(TPM_RC.OBJECT_MEMORY));
    };
    const before = interposer.commands.length;
    await tpm.createKey('EC-P256', authValue);
    await second.ecdsaSign(randomBytes(32), authValue);
    const codes = () => interposer.commands.slice(before).map(({ code }) => code);
    expect(codes()).toEqual([TPM_CC.FlushContext, TPM_CC.Create, TPM_CC.Sign]);
    expect(await first.ecdsaSign(randomBytes(32), authValue)).toHaveLength(64);
    expect(codes().slice(3)).toEqual([TPM_CC.Load, TPM_CC.Sign]);
  },
);

test('what killed programs left in a swtpm is cleared away when its slots are needed', async () => {
  const swtpm = await freshSwtpm();
  const authValue = randomBytes(32);
  for (let killed = 0; killed < 4; killed += 1) {
    const transport = await openTransport(swtpm.address);
    const tpm = await Tpm.open(transport);
    const key = tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped);
    expect(await key.ecdsaSign(randomBytes(32), authValue)).toHaveLength(64);
    const sealed = await sealForPin(tpm, randomBytes(8), authValue, undefined);
    expect(await tpm.unsealWithPolicy(sealed, { authValue })).toHaveLength(8);
    // The end of the process as the TPM sees it: no flush.
    await transport.close();
  }
  const tpm = await openForTest(await openTransport(swtpm.address));
  const keys = [];
  for (let count = 0; count < 3; count += 1) {
    keys.push(tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped));
  }
  for (const key of keys) expect(await key.ecdsaSign(randomBytes(32), authValue)).toHaveLength(64);
});

test('close takes out of a swtpm what was put into it', async () => {
  const swtpm = await freshSwtpm();
  const tpm = await Tpm.open(await openTransport(swtpm.address));
  const authValue = randomBytes(32);
  const { wrapped } = await tpm.createKey('EC-P256', authValue);
  await tpm.key(wrapped).ecdsaSign(randomBytes(32), authValue);
  await tpm.close();
  for (const kind of ['handles-transient', 'handles-loaded-session', 'handles-persistent']) {
    expect((await swtpm.tool('tpm2_getcap', kind)).trim()).toBe('');
  }
});
