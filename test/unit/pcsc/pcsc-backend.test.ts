import { expect, it } from 'vitest';
import { PcscBackend } from '../../../lib/backend/pcsc/pcsc-backend.js';
import { GIDS_ATR } from '../../../lib/gids/atr.js';
import type { NativeCall, NativeEventListener } from '../../../lib/native-call.js';
import type { NativeCardHandle, PcscAddon, PcscReader } from '../../../lib/native-pcsc.js';
import { appletCard } from '../../support/applet-card.js';
import { expectError } from '../../support/expect-error.js';
import { FakeCall, nativeError } from '../windows/support/fake-call.js';
import { FakeCardHandle } from '../windows/support/fake-card-handle.js';

const LIMITS = { query: 1000, command: 1000 };
const SHARING_VIOLATION = 0x8010000b;
const UNRESPONSIVE_CARD = 0x80100066;
const OTHER_ATR = Buffer.from('3B00', 'hex');

/** A pcscd of plain lists. */
class FakePcscd implements PcscAddon {
  readers: PcscReader[] = [];
  readonly connected: string[] = [];
  /** What is in the readers: a card, or the code that pcscd answers with. */
  readonly cards = new Map<string, (() => NativeCardHandle) | number>();
  list: () => NativeCall<PcscReader[]> = () => FakeCall.resolved(this.readers);

  put(readerName: string, card: (() => NativeCardHandle) | number, atr = GIDS_ATR): void {
    this.readers = [...this.readers, { readerName, atr: Buffer.from(atr), events: 1 }];
    this.cards.set(readerName, card);
  }

  listReaders(): NativeCall<PcscReader[]> {
    return this.list();
  }

  watchReaders(_listener: NativeEventListener): NativeCall<void> {
    const call = new FakeCall<void>();
    call.cancel = () => call.resolve();
    return call;
  }

  connectCard(readerName: string): NativeCall<NativeCardHandle> {
    this.connected.push(readerName);
    const card = this.cards.get(readerName);
    if (typeof card === 'function') return FakeCall.resolved(card());
    return FakeCall.rejected(nativeError('HRESULT', { hresult: card ?? 0x8010000c }));
  }
}

function gidsCard(): () => NativeCardHandle {
  const card = appletCard();
  return () => new FakeCardHandle(card.connect());
}

/** A card that knows no application. */
function otherCard(): NativeCardHandle {
  const handle = new FakeCardHandle(appletCard().connect());
  handle.transmit = () => FakeCall.resolved(Buffer.from('6A82', 'hex'));
  return handle;
}

function backendOver(pcscd: FakePcscd): PcscBackend {
  return new PcscBackend(pcscd, LIMITS);
}

it('lists the readers with a GIDS card, by name, and disturbs another card once only', async () => {
  const pcscd = new FakePcscd();
  pcscd.put('Z', gidsCard());
  pcscd.put('Passport', otherCard, OTHER_ATR);
  pcscd.put('Empty', 0x8010000c, Buffer.alloc(0));
  pcscd.put('A', gidsCard(), OTHER_ATR);
  const backend = backendOver(pcscd);
  for (let i = 0; i < 3; i++) {
    const cards = await backend.list();
    expect(cards.map(({ instanceId, state }) => [instanceId, state])).toEqual([
      ['READER\\A', 'ready'],
      ['READER\\Z', 'ready'],
    ]);
  }
  expect(pcscd.connected.filter((name) => name === 'Passport')).toHaveLength(1);
  expect(pcscd.connected).not.toContain('Empty');
  // Another one was put in.
  pcscd.readers = pcscd.readers.map((reader) => ({ ...reader, events: reader.events + 2 }));
  await backend.list();
  expect(pcscd.connected.filter((name) => name === 'Passport')).toHaveLength(2);
});

it('takes the ATR for the answer of a card that another program has to itself', async () => {
  const pcscd = new FakePcscd();
  pcscd.put('Ours', SHARING_VIOLATION);
  pcscd.put('Another', SHARING_VIOLATION, OTHER_ATR);
  const [card, ...others] = await backendOver(pcscd).list();
  expect(card).toMatchObject({ name: 'Ours', state: 'ready', pinTriesLeft: undefined });
  expect(others).toEqual([]);
  await expectError(backendOver(pcscd).connect('READER\\Ours'), 'ERR_READER', {
    hresult: SHARING_VIOLATION,
  });
});

it('says of a card that does not answer why it cannot be used', async () => {
  const pcscd = new FakePcscd();
  pcscd.put('Ours', UNRESPONSIVE_CARD);
  const [card] = await backendOver(pcscd).list();
  expect(card).toMatchObject({
    state: 'lost',
    stateReason: expect.stringMatching(/put it in again/),
  });
});

it('names the package to install when the PC/SC library is missing, also for a watch', async () => {
  const pcscd = new FakePcscd();
  pcscd.list = () => FakeCall.rejected(nativeError('PCSC_NOT_FOUND', {}));
  const error = await expectError(backendOver(pcscd).list(), 'ERR_SMART_CARD_SERVICE');
  expect(error.message).toContain('apt install pcscd');
  await expectError(backendOver(pcscd).watch(), 'ERR_SMART_CARD_SERVICE');
});

it.each([
  [0x8010001d, 'ERR_SMART_CARD_SERVICE', 'systemctl start pcscd.socket'],
  [0x80100003, 'ERR_SMART_CARD_SERVICE', 'Call again'],
  [0x8010006a, 'ERR_ACCESS_DENIED', 'polkit'],
  [0x80100068, 'ERR_READER', 'Call again'],
  [0x801000ff, 'ERR_READER', ''],
] as const)('0x%s of pcscd is %s', async (hresult, code, advice) => {
  const pcscd = new FakePcscd();
  pcscd.list = () => FakeCall.rejected(nativeError('HRESULT', { hresult }));
  const error = await expectError(backendOver(pcscd).list(), code, { hresult });
  expect(error.message).toContain(advice);
});

it('takes a reader by its name, with prefix or without, and says when it holds no such card', async () => {
  const backend = backendOver(new FakePcscd());
  for (const id of ['Yubi Key 00', 'READER\\Yubi Key 00', ' reader/Yubi Key 00 ']) {
    expect(backend.normalizeInstanceId(id)).toBe('READER\\Yubi Key 00');
  }
  expect(() => backend.normalizeInstanceId('READER\\')).toThrow(/Expected READER/);
  const error = await expectError(backend.connect('READER\\Yubi Key 00'), 'ERR_CARD_NOT_FOUND');
  expect(error.message).toContain('"Yubi Key 00"');
});

it('takes another handle when the one it has is of before the card was powered anew', async () => {
  const pcscd = new FakePcscd();
  const card = appletCard();
  const handles: FakeCardHandle[] = [];
  pcscd.put('A', () => {
    handles.push(new FakeCardHandle(card.connect()));
    return handles.at(-1) as FakeCardHandle;
  });
  const connection = await backendOver(pcscd).connect('READER\\A');
  expect((await connection.pinTries()).left).toBe(5);
  const before = handles.length;
  const mismatch = () => FakeCall.rejected<Buffer>(nativeError('HRESULT', { hresult: 0x8010000f }));
  for (const handle of handles) handle.transmit = mismatch;
  expect((await connection.pinTries()).left).toBe(5);
  expect(handles).toHaveLength(before + 1);
  for (const handle of handles) handle.transmit = mismatch;
  pcscd.put('A', gidsCard());
  await expectError(connection.pinTries(), 'ERR_CARD_NOT_FOUND');
});
