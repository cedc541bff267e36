import { describe, expect, test } from 'vitest';
import { PinPolicy, type PinPolicyOptions, VirtualSmartCardError } from '../../../lib/index.js';

/** Parameter and error of a policy that is refused. */
function refusal(options: unknown): VirtualSmartCardError {
  try {
    PinPolicy.from(options as PinPolicyOptions);
  } catch (error) {
    if (error instanceof VirtualSmartCardError) return error;
    throw error;
  }
  throw new Error('the policy was accepted');
}

describe('PinPolicy', () => {
  test('has the defaults of Windows', () => {
    expect(PinPolicy.from().toJSON()).toEqual({
      minLength: 8,
      maxLength: 127,
      uppercase: 'allowed',
      lowercase: 'allowed',
      digits: 'allowed',
      specialCharacters: 'allowed',
      otherCharacters: 'allowed',
    });
    expect(PinPolicy.from().toBytes().toString('hex')).toBe(
      '01000000080000007f0000000000000000000000000000000000000000000000',
    );
  });

  test('has the byte form of Windows for every field', () => {
    const policy = PinPolicy.from({
      minLength: 4,
      maxLength: 16,
      uppercase: 'required',
      lowercase: 'disallowed',
      digits: 'required',
      specialCharacters: 'disallowed',
      otherCharacters: 'required',
    });
    expect(policy.toBytes().toString('hex')).toBe(
      '010000000400000010000000010000000200000001000000' + '0200000001000000',
    );
  });

  test.each([
    { options: { minLength: 3 }, parameter: 'pinPolicy.minLength' },
    { options: { minLength: 128 }, parameter: 'pinPolicy.minLength' },
    { options: { minLength: 4.5 }, parameter: 'pinPolicy.minLength' },
    { options: { minLength: '8' }, parameter: 'pinPolicy.minLength' },
    { options: { maxLength: 128 }, parameter: 'pinPolicy.maxLength' },
    { options: { minLength: 10, maxLength: 9 }, parameter: 'pinPolicy.maxLength' },
    { options: { maxLength: 7 }, parameter: 'pinPolicy.maxLength' },
    { options: { uppercase: 'never' }, parameter: 'pinPolicy.uppercase' },
    { options: { digits: true }, parameter: 'pinPolicy.digits' },
    { options: { special: 'allowed' }, parameter: 'pinPolicy' },
    { options: null, parameter: 'pinPolicy' },
    { options: 'strict', parameter: 'pinPolicy' },
    {
      options: {
        uppercase: 'disallowed',
        lowercase: 'disallowed',
        digits: 'disallowed',
        specialCharacters: 'disallowed',
        otherCharacters: 'disallowed',
      },
      parameter: 'pinPolicy',
    },
    {
      options: {
        minLength: 4,
        maxLength: 4,
        uppercase: 'required',
        lowercase: 'required',
        digits: 'required',
        specialCharacters: 'required',
        otherCharacters: 'required',
      },
      parameter: 'pinPolicy.maxLength',
    },
  ])('refuses $options', ({ options, parameter }) => {
    expect(refusal(options)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', parameter });
  });

  test.each<{ pin: string; options: PinPolicyOptions; broken: string[] }>([
    { pin: '1234567', options: {}, broken: ['shorter than 8'] },
    { pin: '12345678', options: {}, broken: [] },
    { pin: 'x'.repeat(127), options: {}, broken: [] },
    { pin: 'x'.repeat(128), options: {}, broken: ['longer than 127'] },
    { pin: 'abc', options: { minLength: 4, digits: 'required' }, broken: ['shorter', 'digits'] },
    { pin: 'abcdefgH', options: { uppercase: 'disallowed' }, broken: ['uppercase'] },
    { pin: 'ABCDEFGH', options: { lowercase: 'required' }, broken: ['lowercase'] },
    { pin: 'abcd efg', options: { specialCharacters: 'disallowed' }, broken: ['special'] },
    { pin: 'abcd~efg', options: { specialCharacters: 'required' }, broken: [] },
    {
      pin: 'abcdefé',
      options: { otherCharacters: 'disallowed' },
      broken: ['other than printable ASCII'],
    },
    { pin: 'abcdef\t\x7f', options: { otherCharacters: 'required' }, broken: [] },
    { pin: '@[`{/:@[', options: { specialCharacters: 'required' }, broken: [] },
    {
      pin: '@[`{/:@[',
      options: { uppercase: 'disallowed', lowercase: 'disallowed', digits: 'disallowed' },
      broken: [],
    },
    { pin: 'AZaz0914', options: { specialCharacters: 'disallowed' }, broken: [] },
  ])('judges "$pin" by $options', ({ pin, options, broken }) => {
    const violations = PinPolicy.from(options).violations(Buffer.from(pin));
    expect(violations).toHaveLength(broken.length);
    for (const [index, text] of broken.entries()) expect(violations[index]).toContain(text);
    for (const violation of violations) expect(violation).not.toContain(pin);
  });

  test('made from a policy is that policy', () => {
    const policy = PinPolicy.from({ minLength: 5 });
    expect(PinPolicy.from(policy)).toBe(policy);
    expect(PinPolicy.from(policy.toJSON()).toBytes().equals(policy.toBytes())).toBe(true);
  });
});
