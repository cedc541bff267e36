import { describe, expect, it } from 'vitest';
import { awaitCall } from '../../../lib/backend/windows/system-call.js';
import { isUnreturned } from '../../../lib/native-call.js';
import { expectError } from '../../support/expect-error.js';
import { FakeCall, nativeError } from './support/fake-addon.js';

const LIMITS = { timeoutMs: 60_000, graceMs: 60_000, what: 'Trying' };

describe('a call into Windows', () => {
  it('gives its result', async () => {
    expect(await awaitCall(() => FakeCall.resolved(7), LIMITS)).toBe(7);
  });

  it('gives the error of the library, also for what is thrown at once', async () => {
    const rejected = FakeCall.rejected(nativeError('HRESULT', { hresult: 0x80070005 }));
    await expectError(
      awaitCall(() => rejected, LIMITS),
      'ERR_ACCESS_DENIED',
    );
    const thrown = () => {
      throw nativeError('INVALID_ARGUMENT');
    };
    await expectError(awaitCall(thrown, LIMITS), 'ERR_INVALID_ARGUMENT');
  });

  it('is not begun with a signal that was aborted before', async () => {
    let begun = false;
    const start = () => {
      begun = true;
      return FakeCall.resolved(1);
    };
    const signal = AbortSignal.abort(new Error('no'));
    const error = await expectError(awaitCall(start, { ...LIMITS, signal }), 'ERR_ABORTED');
    expect(error.cause).toEqual(new Error('no'));
    expect(begun).toBe(false);
  });

  it('is cancelled by an abort, and then fails as aborted, whatever Windows says', async () => {
    const call = new FakeCall<void>();
    const controller = new AbortController();
    const waiting = awaitCall(() => call, { ...LIMITS, signal: controller.signal });
    controller.abort();
    expect(call.asked).toEqual(['cancel']);
    call.reject(nativeError('HRESULT', { hresult: 0x80070005 }));
    const error = await expectError(waiting, 'ERR_ABORTED');
    expect(isUnreturned(error)).toBe(false);
  });

  it('gives its result when the abort came too late', async () => {
    const call = new FakeCall<number>();
    const controller = new AbortController();
    const waiting = awaitCall(() => call, { ...LIMITS, signal: controller.signal });
    controller.abort();
    call.resolve(3);
    expect(await waiting).toBe(3);
  });

  it('is left to itself when it does not come back after an abort', async () => {
    const call = new FakeCall<void>();
    const signal = AbortSignal.timeout(5);
    const waiting = awaitCall(() => call, { ...LIMITS, graceMs: 5, signal });
    const error = await expectError(waiting, 'ERR_ABORTED');
    expect(call.asked).toEqual(['cancel', 'abandon']);
    expect(isUnreturned(error)).toBe(true);
    expect(error.message).toContain('has not come back');
  });

  it('is left to itself when the time is up', async () => {
    const call = new FakeCall<void>();
    const error = await expectError(
      awaitCall(() => call, { ...LIMITS, timeoutMs: 5 }),
      'ERR_TIMEOUT',
    );
    expect(call.asked).toEqual(['cancel', 'abandon']);
    expect(isUnreturned(error)).toBe(true);
    expect(error.message).toContain('5 ms');
  });
});
