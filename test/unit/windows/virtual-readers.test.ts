import { describe, expect, it } from 'vitest';
import { VirtualReaders } from '../../../lib/backend/windows/virtual-readers.js';
import { expectError } from '../../support/expect-error.js';
import { FakeAddon, FakeCall, nativeError } from './support/fake-addon.js';

const LIMITS = {
  create: 1000,
  destroy: 1000,
  query: 1000,
  command: 1000,
  key: 1000,
  grace: 10,
  authority: 1000,
  settle: 120,
};
const ID = 'ROOT\\SMARTCARDREADER\\0000';

function windows() {
  const addon = new FakeAddon();
  return { addon, readers: new VirtualReaders(addon, LIMITS) };
}

describe('the readers of virtual smart cards', () => {
  it('are devices and readers, joined by their instance id in any case', async () => {
    const { addon, readers } = windows();
    addon.add('One');
    addon.readers = addon.readers.map((reader) => ({
      ...reader,
      instanceId: reader.instanceId.toLowerCase(),
    }));
    expect(await readers.list()).toEqual([
      {
        instanceId: ID,
        name: 'One',
        readerName: 'Microsoft Virtual Smart Card 3',
        atr: Buffer.from('3b8d', 'hex'),
        isSettled: true,
      },
    ]);
  });

  it('are not those of other makers, physical or of software', async () => {
    const { addon, readers } = windows();
    addon.add('Of another maker');
    addon.readers = addon.readers.map((reader) => ({ ...reader, deviceType: 0x40 }));
    addon.readers.push({
      readerName: 'USB reader',
      deviceType: 0x20,
      instanceId: 'USB\\VID_08E6&PID_3437\\5&1',
      atr: Buffer.alloc(0),
    });
    addon.devices.push({ instanceId: 'ROOT\\SMARTCARDREADER\\VENDOR', name: 'odd' });
    expect(await readers.list()).toEqual([]);
  });

  it('are waited for while the service does not have them yet', async () => {
    const { addon, readers } = windows();
    addon.add('One');
    const all = addon.readers;
    let questions = 0;
    addon.list = () => {
      questions += 1;
      return FakeCall.resolved(questions < 2 ? [] : all);
    };
    expect((await readers.find(ID, true))?.readerName).toBeDefined();
    expect(questions).toBe(2);
  });

  it('are shown without a reader when the service never has one', async () => {
    const { addon, readers } = windows();
    addon.add('Disabled');
    addon.readers = [];
    expect(await readers.list()).toMatchObject([{ name: 'Disabled', readerName: undefined }]);
  });

  it('are waited for when they are new, and not otherwise', async () => {
    const { addon, readers } = windows();
    let questions = 0;
    addon.list = () => {
      questions += 1;
      return FakeCall.resolved(addon.readers);
    };
    expect(await readers.find(ID, false)).toBeUndefined();
    expect(questions).toBe(1);
    expect(await readers.find(ID, true)).toBeUndefined();
    expect(questions).toBeGreaterThan(2);
  });

  it('are none where the service rests because there is no reader', async () => {
    const { addon, readers } = windows();
    addon.list = () => FakeCall.rejected(nativeError('HRESULT', { hresult: 0x8010001d }));
    expect(await readers.list()).toEqual([]);
    addon.add('One');
    await expectError(readers.list(), 'ERR_SMART_CARD_SERVICE');
  });
});
