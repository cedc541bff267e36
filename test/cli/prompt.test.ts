import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { adminKeyFromHex, adminKeyProblem, hexLine } from '../../lib/cli/admin-key-hex.js';
import { Interrupted } from '../../lib/cli/interruption.js';
import { SecretPrompt, type SecretRequest } from '../../lib/cli/prompt.js';
import { type InputStream, StandardInput } from '../../lib/cli/standard-input.js';

const PIN: SecretRequest = { name: 'PIN' };
const NEW_PIN: SecretRequest = { name: 'new PIN', fresh: true };

/** A prompt over a terminal (or a pipe) that the test plays. */
function terminal(kind: 'terminal' | 'pipe' = 'terminal') {
  const modes: boolean[] = [];
  const stream: InputStream = new PassThrough();
  if (kind === 'terminal') {
    stream.isTTY = true;
    stream.setRawMode = (raw) => modes.push(raw);
  }
  let shown = '';
  const abort = new AbortController();
  const show = (text: string) => {
    shown += text;
  };
  const prompt = new SecretPrompt(new StandardInput(stream), show, abort.signal);
  return { prompt, abort, modes, type: stream as PassThrough, shown: () => shown };
}

async function typed(bytes: string | Uint8Array, request = PIN): Promise<string> {
  const { prompt, type } = terminal();
  type.write(bytes);
  const [secret] = await prompt.ask([request], false);
  return (secret as Buffer).toString();
}

describe('secrets typed on a terminal', () => {
  it('are hidden, asked by name, and the terminal is restored', async () => {
    const { prompt, type, modes, shown } = terminal();
    type.write('4711\r');
    const [pin] = await prompt.ask([PIN], false);
    expect(pin?.toString()).toBe('4711');
    expect(shown()).toBe('PIN: \n');
    expect(modes).toEqual([true, false]);
  });

  it('are asked twice when they are new, and again after a slip', async () => {
    const { prompt, type, shown } = terminal();
    type.write('one-pin\rother-pin\rright-pin\rright-pin\r');
    const [pin] = await prompt.ask([NEW_PIN], false);
    expect(pin?.toString()).toBe('right-pin');
    expect(shown()).toContain('New PIN again: ');
    expect(shown()).toContain('typed differently');
    expect(shown()).not.toMatch(/one-pin|other-pin|right-pin/);
  });

  it('are given up after three slips', async () => {
    const { prompt, type, modes } = terminal();
    type.write('a\rb\r'.repeat(3));
    await expect(prompt.ask([NEW_PIN], false)).rejects.toMatchObject({ code: 'ERR_USAGE' });
    expect(modes.at(-1)).toBe(false);
  });

  it('are asked again when they cannot be taken', async () => {
    const { prompt, type, shown } = terminal();
    const check = (pin: Uint8Array) => (pin.length < 4 ? 'it is too short' : undefined);
    type.write('12\r1234\r1234\r');
    const [pin] = await prompt.ask([{ ...NEW_PIN, check }], false);
    expect(pin?.toString()).toBe('1234');
    expect(shown()).toContain('it is too short');
  });

  it.each<[string, string | Uint8Array, string]>([
    ['Backspace', '47\x7f711\r', '4711'],
    ['Ctrl-H', '47\x08711\r', '4711'],
    ['Backspace over a multi-byte character', 'a\u00fc\u20ac\x7f\x7fb\r', 'ab'],
    ['Backspace on an empty line', '\x7f\x7fab\r', 'ab'],
    ['Ctrl-U', 'wrong\x15right\r', 'right'],
    ['cursor keys and F1', 'a\x1b[Db\x1b[3~c\x1bOPd\r', 'abcd'],
    ['other control characters', 'a\x01\x1a\x00b\r', 'ab'],
    ['Ctrl-D within a line', 'ab\x04c\r', 'abc'],
    ['a line feed', 'abc\n', 'abc'],
  ])('know the editing keys: %s', async (_key, bytes, secret) => {
    expect(await typed(bytes)).toBe(secret);
  });

  it.each(['\x03', '47\x03', '\x1c'])(
    'stop at Ctrl-C and restore the terminal: %j',
    async (keys) => {
      const { prompt, type, modes } = terminal();
      type.write(keys);
      await expect(prompt.ask([PIN], false)).rejects.toBeInstanceOf(Interrupted);
      expect(modes).toEqual([true, false]);
    },
  );

  it('stop when the program is interrupted from outside', async () => {
    const { prompt, abort, modes } = terminal();
    const asked = prompt.ask([PIN], false);
    abort.abort(new Interrupted('SIGTERM'));
    await expect(asked).rejects.toMatchObject({ exitCode: 143 });
    expect(modes).toEqual([true, false]);
  });

  it('end with the terminal, by Ctrl-D or by its going away', async () => {
    const byKey = terminal();
    byKey.type.write('\x04');
    await expect(byKey.prompt.ask([PIN], false)).rejects.toThrow('ended before the PIN');
    const gone = terminal();
    gone.type.end();
    await expect(gone.prompt.ask([PIN], false)).rejects.toThrow('ended before the PIN');
  });

  it('are hidden with --pin-stdin, too, when standard input is a terminal', async () => {
    const { prompt, type, modes, shown } = terminal();
    type.write('4711\r');
    await prompt.ask([NEW_PIN], true);
    expect([modes, shown()]).toEqual([[true, false], '']);
  });

  it('wipe the chunks in which they came', async () => {
    const { prompt, type } = terminal();
    const chunk = Buffer.from('4711-4711\r');
    type.write(chunk);
    await prompt.ask([PIN], false);
    expect(chunk).toEqual(Buffer.alloc(chunk.length));
  });
});

describe('secrets from standard input', () => {
  it('are one line each, in order, once each, whatever ends the lines', async () => {
    const { prompt, type, shown } = terminal('pipe');
    type.end('first\r\nsecond with blanks \nlast');
    const requests = [PIN, NEW_PIN, { name: 'PUK', fresh: true }];
    const secrets = await prompt.ask(requests, true);
    expect(secrets.map(String)).toEqual(['first', 'second with blanks ', 'last']);
    expect(shown()).toBe('');
  });

  it('may come in pieces', async () => {
    const { prompt, type } = terminal('pipe');
    const asked = prompt.ask([PIN, NEW_PIN], true);
    for (const piece of ['47', '11', '\n08', '15\n']) {
      type.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await asked).map(String)).toEqual(['4711', '0815']);
  });

  it('are missed by name, with the order', async () => {
    const { prompt, type } = terminal('pipe');
    type.end('4711\n');
    await expect(prompt.ask([PIN, NEW_PIN], true)).rejects.toThrow(
      'ended before the new PIN. One line is needed for each of: PIN, new PIN.',
    );
  });

  it('are checked like typed ones, and not repeated', async () => {
    const { prompt, type } = terminal('pipe');
    type.end('0f0f\n');
    const asked = prompt.ask([{ name: 'admin key', check: adminKeyProblem }], true);
    await expect(asked).rejects.toThrow('48 hexadecimal digits');
    await expect(asked).rejects.not.toThrow('0f0f');
  });

  it('are limited in length', async () => {
    const { prompt, type } = terminal('pipe');
    type.end('x'.repeat(5_000));
    await expect(prompt.ask([PIN], true)).rejects.toThrow('longer than any PIN');
  });

  it('are not waited for when there is neither a terminal nor --pin-stdin', () => {
    const { prompt } = terminal('pipe');
    expect(() => prompt.requireSource(false)).toThrow('--pin-stdin');
    prompt.requireSource(true);
    terminal().prompt.requireSource(false);
  });
});

describe('a question', () => {
  it.each([
    ['y\n', true],
    ['YES\n', true],
    ['\n', false],
    ['no\n', false],
    ['yesterday\n', false],
  ])('answered by %j is %s', async (answer, meaning) => {
    const { prompt, type } = terminal();
    type.write(answer);
    expect(await prompt.confirm('Try it?')).toBe(meaning);
  });

  it('is not asked without a terminal', async () => {
    expect(await terminal('pipe').prompt.confirm('Try it?')).toBeUndefined();
  });
});

describe('an admin key in hexadecimal', () => {
  it('is read in any case and written in lower case', () => {
    const hex = 'A1b2'.repeat(12);
    expect(adminKeyProblem(Buffer.from(hex))).toBeUndefined();
    const key = adminKeyFromHex(Buffer.from(hex));
    expect(key.exportHex()).toBe(hex.toLowerCase());
    expect(hexLine(key).toString()).toBe(`${hex.toLowerCase()}\n`);
  });

  it.each([
    '',
    'a1'.repeat(23),
    'a1'.repeat(25),
    `${'a1'.repeat(23)}zz`,
    `${'a1'.repeat(23)}\u00e4`,
  ])('is refused when it is not 48 digits: %j', (typedKey) => {
    expect(adminKeyProblem(Buffer.from(typedKey))).toContain('48');
  });
});
