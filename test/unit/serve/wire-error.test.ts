import { describe, expect, test } from 'vitest';
import { VirtualSmartCardError } from '../../../lib/errors.js';
import { decodeFrame, encodeFrame } from '../../../lib/serve/frame.js';
import { decodeError, encodeError } from '../../../lib/serve/wire-error.js';

const pass = (error: unknown) => decodeError(JSON.parse(JSON.stringify(encodeError(error))));

describe('an error that passes', () => {
  test('keeps code, message and every field', () => {
    const details = {
      tpmCode: 0x98e,
      statusWord: 0x63c4,
      hresult: 0x80100001,
      reportedError: 'X',
      triesLeft: 4,
      retryAfterMs: 1000,
      holderPid: 7,
      parameter: 'pin',
      expected: 'a',
      actual: 'b',
      line: 3,
      instanceIds: ['ROOT\\SMARTCARDREADER\\0000'],
    };
    const error = new VirtualSmartCardError('ERR_PIN_INCORRECT', 'The PIN is wrong.', details);
    expect(pass(error)).toBeInstanceOf(VirtualSmartCardError);
    expect(pass(error).toJSON()).toEqual(error.toJSON());
  });

  test('leaves what was below it where it happened', () => {
    const cause = new Error('inside');
    const error = new VirtualSmartCardError('ERR_STATE_IO', 'The disk is full.', { cause });
    expect(pass(error).cause).toBeUndefined();
    expect(JSON.stringify(encodeError(error))).not.toContain('inside');
  });

  test('fits into a frame, whatever it quotes', () => {
    const long = '\u0001'.repeat(200_000);
    const texts = { reportedError: long, parameter: long, expected: long, actual: long };
    const details = { ...texts, instanceIds: Array(20).fill('ROOT\\SMARTCARDREADER\\0000') };
    const error = new VirtualSmartCardError('ERR_INVALID_ARGUMENT', long, details);
    const frame = encodeFrame({ id: Number.MAX_SAFE_INTEGER, error: encodeError(error) });
    const { header } = decodeFrame(frame);
    expect(decodeError(header['error']).actual).toBe(long.slice(0, 4096));
  });

  test('is typed also where it should not happen', () => {
    expect(pass(new TypeError('no such thing')).code).toBe('ERR_SERVICE_GONE');
    expect(pass(new TypeError('no such thing')).message).toContain('no such thing');
    expect(pass(undefined).code).toBe('ERR_SERVICE_GONE');
  });
});

test.each([
  undefined,
  null,
  'ERR_CLOSED',
  {},
  { code: 'ERR_CLOSED' },
  { code: 7, message: 'x' },
  { code: 'EACCES', message: 'x' },
  { code: 'ERR_CLOSED', message: 7 },
])('%j is no error', (value) => {
  expect(() => decodeError(value)).toThrow(RangeError);
});

test('fields of another type, and fields that there are not, are left out', () => {
  const error = decodeError({
    code: 'ERR_CLOSED',
    message: 'x',
    triesLeft: 'many',
    stack: 'y',
    name: 'z',
  });
  expect(error.toJSON()).toEqual({ code: 'ERR_CLOSED', message: 'x' });
  expect(error.name).toBe('VirtualSmartCardError');
});
