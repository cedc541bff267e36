import type { NativeCall } from '../../../../lib/native-call.js';
import type { NativeMinidriver } from '../../../../lib/native-windows.js';
import { FakeCall } from './fake-call.js';

type Function = Exclude<keyof NativeMinidriver, 'release' | 'file'>;

export const CHALLENGE = Buffer.from('challeng');

/** A card's module that does nothing, or fails as a test says. */
export class FakeModule implements NativeMinidriver {
  readonly file = 'fake.dll';
  /** What was called, with its arguments. */
  readonly calls: string[] = [];
  /** Errors of functions, thrown each time. */
  readonly failures = new Map<Function, unknown>();
  /** Functions that never return. */
  readonly hanging = new Set<Function>();

  verifyPin(...secrets: Uint8Array[]): NativeCall<void> {
    return this.#call('verifyPin', secrets, undefined);
  }

  changePin(...secrets: Uint8Array[]): NativeCall<void> {
    return this.#call('changePin', secrets, undefined);
  }

  unblockByPuk(...secrets: Uint8Array[]): NativeCall<void> {
    return this.#call('unblockByPuk', secrets, undefined);
  }

  challenge(): NativeCall<Buffer> {
    return this.#call('challenge', [], CHALLENGE);
  }

  unblockByResponse(...secrets: Uint8Array[]): NativeCall<void> {
    return this.#call('unblockByResponse', secrets, undefined);
  }

  changeAdminKey(...secrets: Uint8Array[]): NativeCall<void> {
    return this.#call('changeAdminKey', secrets, undefined);
  }

  authenticateAdmin(...secrets: Uint8Array[]): NativeCall<void> {
    return this.#call('authenticateAdmin', secrets, undefined);
  }

  release(): NativeCall<void> {
    this.calls.push('release');
    return FakeCall.resolved(undefined);
  }

  #call<T>(name: Function, secrets: Uint8Array[], result: T): NativeCall<T> {
    this.calls.push([name, ...secrets.map((secret) => Buffer.from(secret))].join(' '));
    if (this.hanging.has(name)) return new FakeCall<T>();
    if (this.failures.has(name)) return FakeCall.rejected(this.failures.get(name));
    return FakeCall.resolved(result);
  }
}
