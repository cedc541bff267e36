import { describe, expect, it } from 'vitest';
import { parsePinPolicyWords } from '../../lib/cli/pin-policy-words.js';

describe("tpmvscmgr's words for a PIN policy", () => {
  it('takes all of them, in any case and order', () => {
    const words =
      'SPECIALCHARS Required minlen 6 MaxLen 20 uppercase DISALLOWED lowercase allowed Digits REQUIRED';
    expect(parsePinPolicyWords(words.split(' '))).toEqual({
      minLength: 6,
      maxLength: 20,
      uppercase: 'disallowed',
      lowercase: 'allowed',
      digits: 'required',
      specialCharacters: 'required',
      otherCharacters: 'disallowed',
    });
  });

  it.each([
    [['minlen 4 digits required']],
    [['minlen=4,digits=required']],
    [['minlen', '4 digits', 'required']],
  ])('takes them in %j', (words) => {
    expect(parsePinPolicyWords(words)).toEqual({
      minLength: 4,
      digits: 'required',
      otherCharacters: 'disallowed',
    });
  });

  it('asks for printable ASCII, as tpmvscmgr does, unless told otherwise', () => {
    expect(parsePinPolicyWords([])).toEqual({ otherCharacters: 'disallowed' });
    expect(parsePinPolicyWords(['otherchars', 'allowed'])).toEqual({ otherCharacters: 'allowed' });
  });

  it.each([
    ['"length"', ['length', '4']],
    ['minlen', ['minlen']],
    ['minlen', ['minlen', 'four']],
    ['minlen', ['minlen', '-4']],
    ['digits', ['digits', 'forbidden']],
    ['digits', ['digits']],
    ['digits', ['digits', 'allowed', 'digits', 'required']],
  ])('refuses a wrong word and names %s', (named, words) => {
    expect(() => parsePinPolicyWords(words)).toThrow(named);
  });
});
