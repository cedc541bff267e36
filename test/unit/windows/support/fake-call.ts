import type { NativeCall } from '../../../../lib/native-call.js';

/** An error as the addon's are. */
export function nativeError(
  code: string,
  fields: { hresult?: number; reportedError?: number; attemptsLeft?: number } = {},
) {
  return Object.assign(new Error(`It failed with ${code}`), { code, ...fields });
}

/** A call that is settled from outside, and remembers what was asked of it. */
export class FakeCall<T> implements NativeCall<T> {
  readonly asked: string[] = [];
  readonly result: Promise<T>;
  resolve: (value: T) => void = () => undefined;
  reject: (error: unknown) => void = () => undefined;

  constructor() {
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  static resolved<T>(value: T): FakeCall<T> {
    const call = new FakeCall<T>();
    call.resolve(value);
    return call;
  }

  static rejected<T>(error: unknown): FakeCall<T> {
    const call = new FakeCall<T>();
    call.reject(error);
    return call;
  }

  /** A call that does `work`. */
  static of<T>(work: Promise<T>): FakeCall<T> {
    const call = new FakeCall<T>();
    work.then(call.resolve, call.reject);
    return call;
  }

  cancel(): void {
    this.asked.push('cancel');
  }

  abandon(): void {
    this.asked.push('abandon');
    this.reject(nativeError('ABANDONED'));
  }
}
