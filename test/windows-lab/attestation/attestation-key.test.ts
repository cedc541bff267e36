import { expect, test } from 'vitest';
import { attestationKeyContainer } from '../../../lib/backend/windows/attestation-key.js';
import { ATTESTATION_HRESULTS } from '../../../lib/backend/windows/attestation-meanings.js';
import { meaningOf } from '../../../lib/backend/windows/hresults.js';
import { TIME_LIMITS } from '../../../lib/backend/windows/limits.js';
import { loadWindowsAddon } from '../../../lib/native-windows.js';
import { expectError } from '../../support/expect-error.js';
import { until } from '../manager/support/backend.js';
import { calls, oneCard, script } from './support.js';

/** Objects of the classes that a process keeps: their three factories. */
const FACTORIES = 3;
const NAMED = { operation: { text: 'lab-aik' } };

/** Asks with other limits. */
function ask(readerName: string | undefined, limits: { query?: number; grace?: number }) {
  const system = { addon: loadWindowsAddon(), limits: { ...TIME_LIMITS, ...limits } };
  return attestationKeyContainer(system, readerName ?? '', {});
}

test('the name of the key container comes from the right card, by the classes, in the right apartment', async () => {
  const { lab, card, create, readers } = await oneCard();
  const second = await create('Second');
  await script(lab, 'GetAuthorityKeyContainerNameAsync', NAMED, {
    operation: { text: 'Schlüssel-ключ' },
  });
  expect(await card.attestationKeyContainer()).toBe('lab-aik');
  expect(await second.attestationKeyContainer()).toBe('Schlüssel-ключ');
  const names = await readers();
  expect(names).toHaveLength(2);
  expect(await calls(lab, 'FindAllCardsAsync')).toEqual(names.map((reader) => ({ reader })));
  expect(await calls(lab, 'GetDeviceSelector')).toEqual(Array(2).fill({ apartment: 'mta' }));
});

test('a card without the name has none, and all objects are let go of', async () => {
  const { lab, card } = await oneCard();
  expect(await card.attestationKeyContainer()).toBeUndefined();
  const released = await calls(lab, 'Release');
  expect(released.length).toBeGreaterThan(8);
  expect(released.at(-1)).toEqual({ openObjects: FACTORIES + 1 });
});

test('each function and each operation may fail, with the code it gave', async () => {
  const { lab, card } = await oneCard();
  // ERROR_DISK_FULL: not in the table.
  const code = 0x80070070;
  const operations = [
    'FindAllAsyncAqsFilter',
    'FromIdAsync',
    'FindAllCardsAsync',
    'FromSmartCardAsync',
    'GetAuthorityKeyContainerNameAsync',
  ];
  for (const call of operations) {
    const plans = [
      [{ result: code }, code],
      [{ operation: { end: 'error' as const, code } }, code],
      // Failed without a code: E_FAIL.
      [{ operation: { end: 'error' as const } }, 0x80004005],
      [{ operation: { end: 'canceled' as const } }, 0x800704c7],
    ] as const;
    for (const [plan, hresult] of plans) {
      await script(lab, call, plan);
      const error = await expectError(card.attestationKeyContainer(), 'ERR_WINDOWS');
      expect(error.hresult).toBe(hresult);
    }
  }
  for (const call of [
    'GetDeviceSelector',
    'get_Size',
    'GetAt',
    'get_Id',
    'get_Name',
    'GetResults',
  ]) {
    await script(lab, call, { result: code });
    const error = await expectError(card.attestationKeyContainer(), 'ERR_WINDOWS');
    expect(error.hresult).toBe(code);
  }
  for (const call of operations.slice(0, -1)) {
    await script(lab, call, { operation: { nothing: true } });
    // E_POINTER.
    const error = await expectError(card.attestationKeyContainer(), 'ERR_WINDOWS');
    expect(error.hresult).toBe(0x80004003);
  }
  await script(lab, 'GetAuthorityKeyContainerNameAsync', NAMED);
  expect(await card.attestationKeyContainer()).toBe('lab-aik');
  expect((await calls(lab, 'Release')).at(-1)).toEqual({ openObjects: FACTORIES + 1 });
});

test('every code of the table arrives as its documented error', async () => {
  const { lab, card } = await oneCard();
  for (const result of ATTESTATION_HRESULTS) {
    await script(lab, 'GetAuthorityKeyContainerNameAsync', { result });
    const code = meaningOf(result, 'attestationKey')?.code ?? 'ERR_WINDOWS';
    const error = await expectError(card.attestationKeyContainer(), code);
    expect(error.hresult).toBe(result);
  }
});

test('a Windows without one of the classes is ERR_NOT_SUPPORTED, with the reason', async () => {
  const { lab, card } = await oneCard();
  for (let index = 0; index < FACTORIES; index += 1) {
    // REGDB_E_CLASSNOTREG, of the first class, of the second, of the third.
    const plans = [...Array(index).fill(null), { result: 0x80040154 }];
    await script(lab, 'DllGetActivationFactory', ...plans);
    const error = await expectError(card.attestationKeyContainer(), 'ERR_NOT_SUPPORTED');
    expect(error.message).toContain('Windows.Devices.SmartCards');
  }
});

test('another reader that is out of order does not matter, and a reader that is not there does', async () => {
  const { lab, card, create } = await oneCard();
  const second = await create('Second');
  await script(lab, 'FromIdAsync', { result: 0x80070070 });
  await script(lab, 'GetAuthorityKeyContainerNameAsync', NAMED);
  expect(await second.attestationKeyContainer()).toBe('lab-aik');
  await script(lab, 'FromIdAsync', { result: 0x80070070 });
  const error = await expectError(card.attestationKeyContainer(), 'ERR_WINDOWS');
  expect(error.hresult).toBe(0x80070070);
  const missing = await expectError(ask('No such reader', {}), 'ERR_CARD_NOT_FOUND');
  expect(missing.message).toContain('No such reader');
});

test('an operation that never ends is cancelled when its time is over, or after an abort', async () => {
  const { lab, card, readers } = await oneCard();
  const never = { operation: { never: true as const } };
  await script(lab, 'GetAuthorityKeyContainerNameAsync', never, never, NAMED);
  await expectError(ask((await readers())[0], { query: 500 }), 'ERR_TIMEOUT');
  await until(async () => (await calls(lab, 'Cancel')).length === 1, 'the first is cancelled');
  const signal = AbortSignal.timeout(300);
  await expectError(card.attestationKeyContainer({ signal }), 'ERR_ABORTED');
  expect(await calls(lab, 'Cancel')).toHaveLength(2);
  expect(await card.attestationKeyContainer()).toBe('lab-aik');
  expect((await calls(lab, 'Release')).at(-1)).toEqual({ openObjects: FACTORIES + 1 });
});

test('a call that never returns is given up when its time is over', async () => {
  const { lab, card, readers } = await oneCard();
  await script(lab, 'FromSmartCardAsync', { hang: true });
  await expectError(ask((await readers())[0], { query: 500 }), 'ERR_TIMEOUT');
  expect(await card.attestationKeyContainer()).toBeUndefined();
});
