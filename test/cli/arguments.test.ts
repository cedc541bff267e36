import { describe, expect, it } from 'vitest';
import { Arguments } from '../../lib/cli/arguments.js';
import type { CliError } from '../../lib/cli/failure.js';
import type { Verb } from '../../lib/cli/verb.js';
import { findVerb } from '../../lib/cli/verbs.js';

function parse(line: readonly string[]): { verb: Verb; args: Arguments } {
  const { verb, rest } = findVerb(line);
  return { verb, args: Arguments.parse(rest, verb.options, verb.maxOperands) };
}

function failure(line: readonly string[]): CliError {
  try {
    parse(line);
  } catch (error) {
    return error as CliError;
  }
  throw new Error(`taken: ${line.join(' ')}`);
}

const TPMVSCMGR_LINE =
  'create /name X /pin prompt /adminkey random /generate /pinpolicy minlen 4 uppercase allowed lowercase allowed specialchars allowed';

describe('the words of a command line', () => {
  it('takes tpmvscmgr lines as they are typed', () => {
    const { verb, args } = parse(TPMVSCMGR_LINE.split(' '));
    expect(verb.name).toBe('create');
    expect(args.value('name')).toBe('X');
    expect(args.value('pin')).toBe('prompt');
    expect(args.value('admin-key')).toBe('random');
    expect(args.has('generate')).toBe(true);
    expect(args.words('pin-policy')?.join(' ')).toBe(
      'minlen 4 uppercase allowed lowercase allowed specialchars allowed',
    );
  });

  it.each([
    ['CREATE', '/NAME', 'My Card', '/PIN', 'PROMPT', '/AdminKey', 'DEFAULT', '/Generate'],
    ['create', '-name', 'My Card', '-Pin', 'Prompt', '-adminkey', 'Default', '-generate'],
    ['create', '--name', 'My Card', '--pin', 'prompt', '--admin-key', 'default', '--generate'],
    ['create', '--name=My Card', '--pin=prompt', '--admin-key=default', '--generate'],
  ])('takes the same options in every spelling: %s %s', (...line) => {
    const { args } = parse(line);
    expect(args.value('name')).toBe('My Card');
    expect(args.value('pin')).toBe('prompt');
    expect(args.value('admin-key')).toBe('default');
    expect(args.has('generate')).toBe(true);
    expect(args.has('puk')).toBe(false);
  });

  it('takes the policy from one argument, from several, and up to the next option', () => {
    const several = parse(['create', '/pinpolicy', 'minlen', '4', '/name', 'X']).args;
    expect(several.words('pin-policy')).toEqual(['minlen', '4']);
    expect(several.value('name')).toBe('X');
    const one = parse(['create', '--pin-policy=minlen 4', '--name', 'X']).args;
    expect(one.words('pin-policy')).toEqual(['minlen 4']);
  });

  it('takes certreq lines as they are typed', () => {
    const { verb, args } = parse(['certreq', '-new', '-q', '-f', 'request.inf', 'out.cer']);
    expect(verb.name).toBe('certreq');
    expect([args.has('new'), args.has('force'), args.has('silent')]).toEqual([true, true, true]);
    expect(args.operands).toEqual(['request.inf', 'out.cer']);
  });

  it('takes absolute paths for operands and for values', () => {
    const certreq = parse(['certreq', '-new', '/tmp/request.inf', '/tmp/out.cer']).args;
    expect(certreq.operands).toEqual(['/tmp/request.inf', '/tmp/out.cer']);
    const sign = parse(['sign', '--in', '/etc/hostname', '--out', '/tmp/x.sig']).args;
    expect([sign.value('in'), sign.value('out')]).toEqual(['/etc/hostname', '/tmp/x.sig']);
  });

  it('takes every word after -- for an operand', () => {
    expect(parse(['certreq', '-new', '--', '-f']).args.operands).toEqual(['-f']);
  });

  it('knows verbs of two words, their defaults and their help', () => {
    expect(parse(['tpm']).verb.name).toBe('tpm');
    expect(parse(['tpm', 'status']).verb.name).toBe('tpm');
    expect(parse(['TPM', 'Reset-Lockout', '--yes']).verb.name).toBe('tpm reset-lockout');
    expect(parse(['certificates', 'list', '--json']).verb.name).toBe('certificates');
    expect(parse(['certificates', 'export']).verb.name).toBe('certificates export');
    expect(parse(['--help']).verb.name).toBe('help');
    expect(parse(['/?']).verb.name).toBe('help');
    expect(parse(['create', '/?']).args.has('help')).toBe(true);
  });

  it.each<[string, string[]]>([
    ['"frobnicate"', ['frobnicate']],
    ['comes first', ['--json', 'list']],
    ['comes first', ['/instance', '0000', 'info']],
    ['"exprot"', ['certificates', 'exprot']],
    ['--nmae', ['create', '--nmae', 'X']],
    ['/nmae', ['create', '/nmae', 'X']],
    ['-nmae', ['create', '-nmae', 'X']],
    ['--nmae', ['create', '--nmae=X']],
    ['-xchg', ['certreq', '-xchg', 'x.req']],
    ['/name', ['create', '/name', 'X', '/name', 'Y']],
    ['/name', ['create', '/name', '/generate']],
    ['--name', ['create', '--name', '--generate']],
    ['--name', ['create', '--name=']],
    ['--generate', ['create', '--generate=yes']],
    ['--format', ['certificates', 'export', '--format', 'p12']],
    ['--instance', ['info', '--instance']],
  ])('refuses a wrong line and names the word %s', (word, line) => {
    const error = failure(line);
    expect(error.code).toBe('ERR_USAGE');
    expect(error.message).toContain(word);
  });

  it.each([
    ['--pin=98765432', 'create'],
    ['create', '--pin', '98765432'],
    ['create', '--pin=98765432'],
    ['create', '/pin', '98765432'],
    ['create', '/PIN:98765432'],
    ['create', '-p98765432'],
    ['create', '--puk', '98765432'],
    ['create', '--adminkey', '98765432'],
    ['create', '/adminkey', '98765432'],
    ['verify-pin', '98765432'],
    ['verify-pin', '--pin', '98765432'],
    ['change-pin', '98765432', '12345678'],
    ['unblock', '--puk', '98765432'],
    ['unblock', '--admin-key=98765432'],
    ['sign', '--pin', '98765432'],
    ['certreq', '-new', 'request.inf', 'out.cer', 'chain.p7b', '98765432'],
    ['list', '--pin=98765432'],
    ['tpm', 'reset-lockout', '98765432'],
  ])('refuses a secret in %s %s and does not repeat it', (...line) => {
    const error = failure(line);
    expect(error.code).toBe('ERR_USAGE');
    expect(error.message).not.toContain('98765432');
  });

  it('says how a secret is given instead', () => {
    const { message } = failure(['create', '--pin', '98765432']);
    expect(message).toContain('never taken from the command line');
    expect(message).toContain('--pin-stdin');
  });
});
