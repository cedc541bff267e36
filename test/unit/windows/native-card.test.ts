import { describe, expect, it } from 'vitest';
import { nativeCard } from '../../../lib/backend/windows/native-card.js';
import { PinPolicy } from '../../../lib/pin-policy.js';
import { request } from './support/request.js';

const ADDRESS = { machine: undefined, allowElevationPrompt: false };
const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex');

describe("the manager's arguments", () => {
  it('are the request, with the secrets in place and not copied', () => {
    const asked = request({ name: 'Käse 🧀', puk: Buffer.from('12345678') });
    const card = nativeCard(asked, ADDRESS);
    expect(card).toMatchObject({ ...ADDRESS, name: 'Käse 🧀', attestation: 0, generate: true });
    expect(card.adminKey).toBe(asked.adminKey);
    expect(card.pin).toBe(asked.pin);
    expect(card.puk).toBe(asked.puk);
    expect(nativeCard(request(), ADDRESS).puk).toBeUndefined();
  });

  it.each([
    ['010203040506070801020304050607080102030405060708', 'b073dc'],
    ['0123456789abcdef23456789abcdef01456789abcdef0123', '4eba73'],
    ['000102030405060708090a0b0c0d0e0f1011121314151617', '894bc3'],
  ])('have the key check value of %s', (key, kcv) => {
    const card = nativeCard(request({ adminKey: Buffer.from(key, 'hex') }), ADDRESS);
    expect(hex(card.adminKcv)).toBe(kcv);
  });

  it('have the policy as 32 bytes, and the second interface', () => {
    const pinPolicy = PinPolicy.from({
      minLength: 6,
      maxLength: 20,
      uppercase: 'required',
      lowercase: 'disallowed',
      specialCharacters: 'required',
      otherCharacters: 'disallowed',
    });
    const card = nativeCard(request({ pinPolicy }), ADDRESS);
    expect(card.interface).toBe(2);
    expect(hex(card.pinPolicy)).toBe(
      '0100000006000000140000000100000002000000000000000100000002000000',
    );
  });

  it('leave the default policy out and take the first interface, however it was written', () => {
    const pinPolicy = PinPolicy.from({ minLength: 8, maxLength: 127, digits: 'allowed' });
    expect(hex(pinPolicy.toBytes())).toBe(`01000000080000007f000000${'00000000'.repeat(5)}`);
    const card = nativeCard(request({ pinPolicy }), ADDRESS);
    expect(card).toMatchObject({ interface: 1, pinPolicy: undefined });
  });

  it('take the third interface for attestation only', () => {
    expect(nativeCard(request({ attestation: 'none' }), ADDRESS).interface).toBe(1);
    expect(nativeCard(request({ attestation: 'aikOnly' }), ADDRESS)).toMatchObject({
      interface: 3,
      attestation: 1,
      pinPolicy: undefined,
    });
    const pinPolicy = PinPolicy.from({ minLength: 4 });
    const card = nativeCard(request({ attestation: 'aikAndCertificate', pinPolicy }), ADDRESS);
    expect(card).toMatchObject({ interface: 3, attestation: 2 });
    expect(card.pinPolicy).toHaveLength(32);
  });

  it.each([
    ['allowKeyImport', { allowKeyImport: true }],
    ['antiHammering', { antiHammering: 'wait' }],
  ] as const)('do not exist for %s', (parameter, changes) => {
    expect(() => nativeCard(request(changes), ADDRESS)).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_SUPPORTED', parameter }),
    );
  });
});
