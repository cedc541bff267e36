import type { NativeCall, NativeEventListener } from '../../../../lib/native-call.js';
import type {
  NativeCard,
  NativeReader,
  NativeReaderDevice,
  NativeService,
  WindowsAddon,
  WindowsCardHandle,
} from '../../../../lib/native-windows.js';
import { FakeAuthority } from './fake-authority.js';
import { FakeCall, nativeError } from './fake-call.js';
import { FakeKeys } from './fake-keys.js';

export { FakeCall, nativeError } from './fake-call.js';

type Created = { instanceId: string | null; needReboot: boolean };

/** A Windows of plain lists, whose manager does what a test puts here. */
export class FakeAddon extends FakeKeys implements WindowsAddon {
  devices: NativeReaderDevice[] = [];
  readers: NativeReader[] = [];
  remoteSession = false;
  elevated = true;
  services: Record<string, NativeService> = {};
  readonly calls: unknown[] = [];
  create: (card: NativeCard, listener: NativeEventListener) => NativeCall<Created> = (card) => {
    const instanceId = this.add(card.name);
    return FakeCall.resolved({ instanceId, needReboot: false });
  };
  destroy: (instanceId: string) => NativeCall<{ needReboot: boolean }> = (instanceId) => {
    this.remove(instanceId);
    return FakeCall.resolved({ needReboot: false });
  };
  list: () => NativeCall<NativeReader[]> = () => FakeCall.resolved(this.readers);
  attestationKey: () => NativeCall<string | null> = () => FakeCall.resolved(null);
  watching: { listener: NativeEventListener; call: FakeCall<void> } | undefined;
  /** Without cards in the readers: SCARD_E_NO_SMARTCARD. */
  connect: (readerName: string) => NativeCall<WindowsCardHandle> = () =>
    FakeCall.rejected(nativeError('HRESULT', { hresult: 0x8010000c }));
  tbs: WindowsAddon['openTbs'] = () => Promise.reject(nativeError('HRESULT', { hresult: 1 }));
  tpmVersion = 2;
  readonly authority = new FakeAuthority();
  readonly submitRequest = this.authority.submitRequest.bind(this.authority);
  readonly retrieveCertificate = this.authority.retrieveCertificate.bind(this.authority);

  /** A card comes, as far as the device manager and the smart card service know. */
  add(name: string): string {
    const number = this.devices.length;
    const instanceId = `ROOT\\SMARTCARDREADER\\${String(number).padStart(4, '0')}`;
    this.devices = [...this.devices, { instanceId, name }];
    const readerName = `Microsoft Virtual Smart Card ${number + 3}`;
    const reader = { readerName, deviceType: 0x80, instanceId, atr: Buffer.from('3b8d', 'hex') };
    this.readers = [...this.readers, reader];
    return instanceId;
  }

  remove(instanceId: string): void {
    this.devices = this.devices.filter((device) => device.instanceId !== instanceId);
    this.readers = this.readers.filter((reader) => reader.instanceId !== instanceId);
  }

  createCard(card: NativeCard, listener: NativeEventListener): NativeCall<Created> {
    this.calls.push({ create: card });
    return this.create(card, listener);
  }

  destroyCard(card: { instanceId: string; machine: string | undefined }) {
    this.calls.push({ destroy: card });
    return this.destroy(card.instanceId);
  }

  attestationKeyContainer(readerName: string): NativeCall<string | null> {
    this.calls.push({ attestationKey: readerName });
    return this.attestationKey();
  }

  isRemoteSession(): boolean {
    return this.remoteSession;
  }

  isElevated(): boolean {
    return this.elevated;
  }

  queryService(name: string): NativeCall<NativeService | null> {
    return FakeCall.resolved(this.services[name] ?? null);
  }

  listReaders(): NativeCall<NativeReader[]> {
    return this.list();
  }

  listDevices(): NativeCall<NativeReaderDevice[]> {
    return FakeCall.resolved(this.devices);
  }

  watchReaders(listener: NativeEventListener): NativeCall<void> {
    const call = new FakeCall<void>();
    call.cancel = () => call.resolve();
    this.watching = { listener, call };
    queueMicrotask(() => listener('changed', 0));
    return call;
  }

  connectCard(readerName: string) {
    return this.connect(readerName);
  }

  openTbs() {
    return this.tbs();
  }

  tpmDeviceInfo() {
    const { tpmVersion } = this;
    return FakeCall.resolved({
      structVersion: 1,
      tpmVersion,
      interfaceType: 3,
      implementationRevision: 0,
    });
  }
}
