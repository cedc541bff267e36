import type { NativeCall, NativeEventListener } from '../../../../lib/native-call.js';
import type {
  NativeCertificateRequests,
  NativeRequestAnswer,
} from '../../../../lib/native-windows.js';
import { FakeCall, nativeError } from './fake-call.js';

/** Windows' client of certification authorities, which answers what a test puts here. */
export class FakeAuthority implements NativeCertificateRequests {
  readonly calls: unknown[] = [];
  /** What the last submission tells. */
  listener: NativeEventListener = () => undefined;
  /** At first there is no authority: RPC_S_SERVER_UNAVAILABLE. */
  answer: () => NativeCall<NativeRequestAnswer> = () =>
    FakeCall.rejected(nativeError('HRESULT', { hresult: 0x800706ba }));

  submitRequest(
    request: Parameters<NativeCertificateRequests['submitRequest']>[0],
    listener: NativeEventListener = () => undefined,
  ): NativeCall<NativeRequestAnswer> {
    this.calls.push({ submit: request });
    this.listener = listener;
    return this.answer();
  }

  retrieveCertificate(
    request: Parameters<NativeCertificateRequests['retrieveCertificate']>[0],
  ): NativeCall<NativeRequestAnswer> {
    this.calls.push({ retrieve: request });
    return this.answer();
  }
}
