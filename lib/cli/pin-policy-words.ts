import type { CharacterRule, PinPolicyOptions } from '../index.js';
import { usageError } from './failure.js';

const LENGTHS = { minlen: 'minLength', maxlen: 'maxLength' } as const;
const CLASSES = {
  uppercase: 'uppercase',
  lowercase: 'lowercase',
  digits: 'digits',
  specialchars: 'specialCharacters',
  otherchars: 'otherCharacters',
} as const;
const RULES: readonly string[] = ['allowed', 'disallowed', 'required'] satisfies CharacterRule[];

/**
 * Reads a PIN policy in tpmvscmgr's words, in any case: `minlen 4 uppercase allowed`. They may come
 * as one argument or as several. As with tpmvscmgr a PIN under such a policy is printable ASCII;
 * `otherchars allowed` is this program's own addition.
 *
 * @throws CliError `ERR_USAGE`
 */
export function parsePinPolicyWords(words: readonly string[]): PinPolicyOptions {
  const policy: PinPolicyOptions = { otherCharacters: 'disallowed' };
  const tokens = words.flatMap((word) => word.split(/[\s,=]+/)).filter((token) => token !== '');
  const seen = new Set<string>();
  for (let at = 0; at < tokens.length; at += 2) {
    const word = (tokens[at] as string).toLowerCase();
    const value = tokens[at + 1]?.toLowerCase();
    if (seen.has(word)) throw usageError(`The PIN policy has ${word} twice.`);
    seen.add(word);
    if (word in LENGTHS) {
      policy[LENGTHS[word as keyof typeof LENGTHS]] = length(word, value);
    } else if (word in CLASSES) {
      policy[CLASSES[word as keyof typeof CLASSES]] = rule(word, value);
    } else {
      throw usageError(
        `Unknown word "${word.slice(0, 40)}" in the PIN policy;` +
          ' it knows minlen, maxlen, uppercase, lowercase, digits, specialchars and otherchars.',
      );
    }
  }
  return policy;
}

function length(word: string, value: string | undefined): number {
  if (value === undefined || !/^[0-9]{1,3}$/.test(value)) {
    throw usageError(`${word} in the PIN policy needs a number from 4 to 127.`);
  }
  return Number(value);
}

function rule(word: string, value: string | undefined): CharacterRule {
  if (value === undefined || !RULES.includes(value)) {
    throw usageError(`${word} in the PIN policy needs ALLOWED, DISALLOWED or REQUIRED.`);
  }
  return value as CharacterRule;
}
