import { describe, expect, it, vi } from 'vitest';
import { TIME_LIMITS } from '../../../lib/backend/windows/limits.js';
import { ProviderKeys } from '../../../lib/backend/windows/provider-keys.js';
import type { NativeEventListener } from '../../../lib/native-call.js';
import { expectError } from '../../support/expect-error.js';
import { FakeAddon, FakeCall, nativeError } from './support/fake-addon.js';
import { answer } from './support/windows-card.js';

const READER = 'Microsoft Virtual Smart Card 3';
const KEY = { provider: 'ksp', container: 'Key' } as const;
const ADDRESS = { ...KEY, readerName: READER };
const PIN = Buffer.from('47110815');
const BYTES = Buffer.alloc(32, 7);
const known = { pin: PIN, signal: undefined };

/** The providers, and an addon that records its arguments. */
function providers(limits = TIME_LIMITS) {
  const addon = new FakeAddon();
  return { addon, keys: new ProviderKeys({ addon, limits }, READER) };
}

describe("a call of Windows' providers", () => {
  it.each([
    ['RSA-2048', 'keyExchange', { algorithm: 'RSA', bits: 2048, keySpec: 1 }],
    ['RSA-1024', 'signature', { algorithm: 'RSA', bits: 1024, keySpec: 2 }],
    ['EC-P256', 'signature', { algorithm: 'ECDSA_P256', bits: 0, keySpec: 2 }],
    ['EC-P384', 'keyExchange', { algorithm: 'ECDSA_P384', bits: 0, keySpec: 1 }],
  ] as const)('makes a key of %s for %s', async (algorithm, keySpec, native) => {
    const { addon, keys } = providers();
    const create = vi.spyOn(addon, 'createKey').mockReturnValue(FakeCall.resolved(undefined));
    await keys.create({ ...KEY, algorithm, keySpec }, PIN);
    expect(create.mock.calls[0]?.slice(0, 2)).toEqual([{ ...ADDRESS, ...native }, PIN]);
  });

  it.each([
    [
      { type: 'ecdsa', hash: 'SHA384' },
      { padding: 'none', hashName: 'SHA384' },
    ],
    [
      { type: 'pkcs1', hash: 'SHA1' },
      { padding: 'pkcs1', hashName: 'SHA1' },
    ],
    [
      { type: 'pss', hash: 'SHA512' },
      { padding: 'pss', hashName: 'SHA512' },
    ],
  ] as const)('signs by %j', async (scheme, native) => {
    const { addon, keys } = providers();
    const sign = vi.spyOn(addon, 'signHash').mockReturnValue(FakeCall.resolved(BYTES));
    expect(await keys.sign(KEY, scheme, BYTES, known)).toBe(BYTES);
    expect(sign.mock.calls[0]?.slice(0, 3)).toEqual([{ ...ADDRESS, ...native }, BYTES, PIN]);
  });

  it.each([
    [{ type: 'pkcs1' }, { padding: 'pkcs1', hashName: undefined }],
    [
      { type: 'oaep', hash: 'SHA256' },
      { padding: 'oaep', hashName: 'SHA256' },
    ],
  ] as const)('decrypts by %j', async (scheme, native) => {
    const { addon, keys } = providers();
    const decrypt = vi.spyOn(addon, 'decrypt').mockReturnValue(FakeCall.resolved(BYTES));
    expect(await keys.decrypt(KEY, scheme, BYTES, known)).toBe(BYTES);
    expect(decrypt.mock.calls[0]?.slice(0, 3)).toEqual([{ ...ADDRESS, ...native }, BYTES, PIN]);
    decrypt.mockReturnValue(answer(0x80090005));
    await expectError(keys.decrypt(KEY, scheme, BYTES, known), 'ERR_DECRYPTION_FAILED');
  });

  it('is given up when its time is over, and what becomes of its key is told', async () => {
    const { addon, keys } = providers({ ...TIME_LIMITS, key: 10 });
    const hanging = new FakeCall<never>();
    addon.intercept = () => hanging;
    const spec = { ...KEY, algorithm: 'RSA-2048', keySpec: 'keyExchange' } as const;
    const error = await expectError(keys.create(spec, PIN), 'ERR_TIMEOUT');
    expect(error.message).toContain('deleted again');
    expect(hanging.asked).toEqual(['cancel', 'abandon']);
  });

  it('is stopped by an abort, at the latest after the grace', async () => {
    const { addon, keys } = providers({ ...TIME_LIMITS, grace: 10 });
    const hanging = new FakeCall<never>();
    addon.intercept = () => hanging;
    const abort = new AbortController();
    const scheme = { type: 'pkcs1', hash: 'SHA256' } as const;
    const signing = keys.sign(KEY, scheme, BYTES, { pin: PIN, signal: abort.signal });
    abort.abort('enough');
    expect((await expectError(signing, 'ERR_ABORTED')).cause).toBe('enough');
    expect(hanging.asked).toEqual(['cancel', 'abandon']);
  });

  it('warns of a PIN or a key that it has left behind, once for each', async () => {
    const { addon, keys } = providers();
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      vi.spyOn(addon, 'deleteKey').mockImplementation(
        (_key, _pin, listener?: NativeEventListener) => {
          listener?.('pinLeft', 0x80090029);
          listener?.('lateKeyLeft', 'Key');
          listener?.('something new', 1);
          return FakeCall.resolved(undefined);
        },
      );
      await keys.delete(KEY, PIN);
      expect(warn.mock.calls.map(([text, options]) => [String(text), options])).toEqual([
        [expect.stringContaining('0x80090029'), { code: 'VSC_PIN_LEFT' }],
        [expect.stringContaining('"Key"'), { code: 'VSC_LATE_KEY' }],
      ]);
      for (const [text] of warn.mock.calls) expect(String(text)).not.toContain(PIN.toString());
    } finally {
      warn.mockRestore();
    }
  });

  it('refused for its arguments at once says so', async () => {
    const { addon, keys } = providers();
    addon.intercept = () => {
      throw nativeError('INVALID_ARGUMENT');
    };
    await expectError(keys.publicKey(KEY), 'ERR_INVALID_ARGUMENT');
  });
});
