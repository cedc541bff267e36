import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type AttestationStatement,
  type ExpectedActivation,
  makeCredential,
  VirtualSmartCardError,
  type VirtualSmartCardErrorCode,
  VirtualSmartCardManager,
  verifyAttestation,
} from '../../../lib/index.js';
import { cardOptions } from '../../support/store.js';
import { forgedStatement } from './support/forgery.js';

/** What the attestation key's signature covers, itself or by a Name. */
const SIGNED = ['attested', 'signature', 'key', 'parentName', 'attestationKey'] as const;
const BYTES = [...SIGNED, 'endorsementKey'] as const;

const nonce = randomBytes(32);
let statement: AttestationStatement;
let other: AttestationStatement;
let activation: { expected: ExpectedActivation; answer: Buffer };
let knownAttestationKeys: string[];

/** The bytes of one field, altered. */
function altered(field: (typeof BYTES)[number], bytes: Uint8Array): AttestationStatement {
  return { ...statement, [field]: Buffer.from(bytes).toString('base64') };
}

function bytesOf(field: (typeof BYTES)[number]): Buffer {
  return Buffer.from(statement[field], 'base64');
}

/** The code of the error that a statement ends in; undefined when it is taken. */
function refusal(
  shown: unknown,
  wanted: Uint8Array = nonce,
): VirtualSmartCardErrorCode | undefined {
  try {
    verifyAttestation(shown as AttestationStatement, {
      nonce: wanted,
      knownAttestationKeys,
      activation,
    });
    return undefined;
  } catch (error) {
    if (error instanceof VirtualSmartCardError) return error.code;
    throw error;
  }
}

beforeAll(async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'vsc-'));
  const options = { backend: 'embedded', stateDirectory, tpm: 'libtpms' } as const;
  const manager = await VirtualSmartCardManager.open(options);
  try {
    await makeStatements(manager);
  } finally {
    await manager.close();
    await rm(stateDirectory, { recursive: true });
  }
});

async function makeStatements(manager: VirtualSmartCardManager): Promise<void> {
  const options = cardOptions();
  const { pin } = options;
  const card = await manager.create(options);
  const key = await card.createKey({ container: 'a', algorithm: 'EC-P256' }, { pin });
  const second = await card.createKey({ container: 'b', algorithm: 'EC-P256' }, { pin });
  statement = await key.attest({ nonce, pin });
  other = await second.attest({ nonce, pin });
  const { challenge, expected } = makeCredential(statement);
  activation = { expected, answer: await manager.activateCredential(challenge) };
  const report = verifyAttestation(statement, { nonce });
  knownAttestationKeys = [report.attestationKeyName];
}

describe('a hostile statement', () => {
  test('is told from the true ones, which are taken', () => {
    expect(refusal(statement)).toBeUndefined();
    expect(refusal(other)).toBeUndefined();
  });

  test.each(BYTES)('with any one bit of its %s turned is refused', (field) => {
    const bytes = bytesOf(field);
    const taken: number[] = [];
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const turned = Buffer.from(bytes);
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (refusal(altered(field, turned)) !== 'ERR_ATTESTATION') taken.push(bit);
    }
    expect(bytes.length).toBeGreaterThan(32);
    expect(taken).toEqual([]);
  });

  test.each(BYTES)('with a %s that is cut short or goes on is refused', (field) => {
    const bytes = bytesOf(field);
    const taken: number[] = [];
    for (let length = 0; length <= bytes.length + 3; length++) {
      if (length === bytes.length) continue;
      const changed = Buffer.concat([bytes.subarray(0, length), Buffer.alloc(3)]).subarray(
        0,
        length,
      );
      if (refusal(altered(field, changed)) !== 'ERR_ATTESTATION') taken.push(length);
    }
    expect(taken).toEqual([]);
  });

  test('with parts of another one of the same TPM is refused', () => {
    for (const field of ['attested', 'signature', 'key'] as const) {
      expect(other[field]).not.toBe(statement[field]);
      expect(refusal({ ...statement, [field]: other[field] }), field).toBe('ERR_ATTESTATION');
    }
    for (const one of BYTES) {
      for (const two of BYTES.filter((field) => field !== one)) {
        const swapped = { ...statement, [one]: statement[two], [two]: statement[one] };
        expect(refusal(swapped), `${one} for ${two}`).toBe('ERR_ATTESTATION');
      }
    }
  });

  test('for another nonce is refused', () => {
    expect(refusal(statement, randomBytes(32))).toBe('ERR_ATTESTATION');
    expect(refusal(statement, nonce.subarray(0, 31))).toBe('ERR_ATTESTATION');
    expect(refusal(statement, nonce.subarray(0, 15))).toBe('ERR_INVALID_ARGUMENT');
    expect(refusal(statement, Buffer.alloc(65))).toBe('ERR_INVALID_ARGUMENT');
  });

  test('with certificates that are none, or not of its key, is refused', () => {
    const { certificates } = forgedStatement(nonce);
    const garbage = [randomBytes(300).toString('base64')];
    expect(refusal({ ...statement, certificates: garbage })).toBe('ERR_ATTESTATION');
    expect(refusal({ ...statement, certificates: ['?'] })).toBe('ERR_INVALID_ARGUMENT');
    expect(refusal({ ...statement, certificates })).toBeUndefined();
    const many = Array.from({ length: 17 }, () => garbage[0]);
    expect(refusal({ ...statement, certificates: many })).toBe('ERR_INVALID_ARGUMENT');
  });

  test('of the largest size is refused before it is looked at', () => {
    const long = 'A'.repeat(10 * 1024 * 1024);
    for (const field of BYTES) {
      expect(refusal({ ...statement, [field]: long })).toBe('ERR_INVALID_ARGUMENT');
    }
  });

  test('of whatever bytes ends in a typed error', () => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(fc.constantFrom(...BYTES), bytes, (field, content) => {
        expect(refusal(altered(field, content))).toBe('ERR_ATTESTATION');
      }),
      { numRuns: 500 },
    );
  });

  test('with bytes put in, taken out or overwritten ends in a typed error', () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat(8),
      insert: fc.uint8Array({ maxLength: 8 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...BYTES), change, (field, { at, remove, insert }) => {
        const bytes = bytesOf(field);
        const offset = Math.floor(at * bytes.length);
        const rest = bytes.subarray(offset + remove);
        const changed = Buffer.concat([bytes.subarray(0, offset), insert, rest]);
        fc.pre(!changed.equals(bytes));
        expect(refusal(altered(field, changed))).toBe('ERR_ATTESTATION');
      }),
      { numRuns: 1000 },
    );
  });

  test('that is any value at all ends in a typed error', () => {
    const value = fc.anything();
    const field = fc.constantFrom(...BYTES, 'version', 'certificates', 'more');
    fc.assert(
      fc.property(value, (shown) => {
        expect(refusal(shown)).toBe('ERR_INVALID_ARGUMENT');
      }),
    );
    fc.assert(
      fc.property(field, value, (name, content) => {
        const shown = { ...statement, [name]: content };
        const isSame = name === 'certificates' && Array.isArray(content) && content.length === 0;
        fc.pre(!isSame && !(name === 'version' && content === 1));
        expect(refusal(shown)).toMatch(/^ERR_(INVALID_ARGUMENT|ATTESTATION)$/);
      }),
    );
  });
});

describe('a statement that a program without a TPM made', () => {
  test('proves nothing but its signature', () => {
    const forged = forgedStatement(nonce);
    const { level, proves } = verifyAttestation(forged, { nonce });
    expect({ level, proves }).toEqual({ level: 'unanchored', proves: ['signed'] });
    const known = verifyAttestation(forged, { nonce, knownAttestationKeys });
    expect(known.level).toBe('unanchored');
  });

  test('is refused when its attestation key would sign anything', () => {
    const restricted = 1 << 16;
    expect(refusal(forgedStatement(nonce, { withoutAttributes: restricted }))).toBe(
      'ERR_ATTESTATION',
    );
  });
});
