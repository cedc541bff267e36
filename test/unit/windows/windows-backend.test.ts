import { describe, expect, it } from 'vitest';
import type { CardEvent } from '../../../lib/backend/backend.js';
import { openBackend } from '../../../lib/backend/open-backend.js';
import {
  WindowsBackend,
  type WindowsBackendOptions,
} from '../../../lib/backend/windows/windows-backend.js';
import { appletCard } from '../../support/applet-card.js';
import { expectError } from '../../support/expect-error.js';
import { FakeAddon, FakeCall, nativeError } from './support/fake-addon.js';
import { FakeCardHandle } from './support/fake-card-handle.js';
import { request } from './support/request.js';

const ID = 'ROOT\\SMARTCARDREADER\\0000';
const E_FAIL = { hresult: 0x80004005 };

function windows(options: WindowsBackendOptions = {}) {
  const addon = new FakeAddon();
  const backend = new WindowsBackend(addon, { limits: { settle: 100, grace: 20 }, ...options });
  return { addon, backend };
}

describe('the windows backend', () => {
  it('makes and destroys cards', async () => {
    const { addon, backend } = windows({ allowElevationPrompt: true });
    expect(await backend.create(request())).toBe(ID);
    await backend.destroy(ID, {});
    expect(addon.calls).toMatchObject([
      { create: { allowElevationPrompt: true, machine: undefined } },
      { destroy: { instanceId: ID, allowElevationPrompt: true } },
    ]);
    expect(addon.devices).toEqual([]);
  });

  it('is on Windows only', async () => {
    const error = await expectError(
      openBackend({
        backend: 'windows',
        stateDirectory: undefined,
        tpm: undefined,
        machine: undefined,
        ownerAuthorization: undefined,
      }),
      'ERR_NOT_SUPPORTED',
    );
    expect(error.message).toContain('on Windows only');
  });

  it.each(['stateDirectory', 'tpm'])('has no %s', async (parameter) => {
    const options = {
      backend: 'windows' as const,
      stateDirectory: undefined,
      tpm: undefined,
      machine: undefined,
      ownerAuthorization: undefined,
      [parameter]: 'some',
    };
    const error = await expectError(openBackend(options), 'ERR_NOT_SUPPORTED');
    expect(error.parameter).toBe(parameter);
  });

  it('calls nothing in a Remote Desktop session', async () => {
    const { addon, backend } = windows();
    addon.remoteSession = true;
    await expectError(backend.create(request()), 'ERR_TERMINAL_SESSION');
    await expectError(backend.destroy(ID, {}), 'ERR_TERMINAL_SESSION');
    expect(addon.calls).toEqual([]);
    expect(await backend.list()).toEqual([]);
  });

  it('tells stages of the manager, and of others nothing', async () => {
    const { addon, backend } = windows();
    const seen: string[] = [];
    addon.create = (card, listener) => {
      for (const code of [0, 12, 14, 99]) listener('status', code);
      return FakeCall.resolved({ instanceId: addon.add(card.name), needReboot: false });
    };
    await backend.create(request({ onProgress: ({ name }) => seen.push(name) }));
    expect(seen).toEqual(['VTPMSMARTCARD_INITIALIZING', 'CARD_CREATED']);
  });

  it('destroys what a failed create has left, and nothing of the same name from before', async () => {
    const { addon, backend } = windows();
    addon.add('A card');
    addon.create = (card) => {
      addon.add(card.name);
      return FakeCall.rejected(nativeError('HRESULT', E_FAIL));
    };
    await expectError(backend.create(request()), 'ERR_WINDOWS');
    expect(addon.devices).toEqual([{ instanceId: ID, name: 'A card' }]);
  });

  it('names what it cannot tell apart, and touches neither', async () => {
    const { addon, backend } = windows();
    addon.create = (card) => {
      addon.add(card.name);
      addon.add(card.name);
      return FakeCall.rejected(nativeError('HRESULT', E_FAIL));
    };
    const error = await expectError(backend.create(request()), 'ERR_WINDOWS');
    expect(error.message).toContain(`${ID}, ROOT\\SMARTCARDREADER\\0001`);
    expect(addon.devices).toHaveLength(2);
  });

  it('says so when the rest cannot be taken back', async () => {
    const { addon, backend } = windows();
    addon.create = (card) => {
      addon.add(card.name);
      return FakeCall.rejected(nativeError('HRESULT', E_FAIL));
    };
    addon.destroy = () => FakeCall.rejected(nativeError('HRESULT', { hresult: 0x80070005 }));
    const error = await expectError(backend.create(request()), 'ERR_WINDOWS');
    expect(error.message).toContain(`The card ${ID} is still there`);
  });

  it('takes a card back whose abort came too late for the manager', async () => {
    const { addon, backend } = windows();
    const controller = new AbortController();
    addon.create = (card) => {
      controller.abort('late');
      return FakeCall.resolved({ instanceId: addon.add(card.name), needReboot: false });
    };
    const error = await expectError(
      backend.create(request({ signal: controller.signal })),
      'ERR_ABORTED',
    );
    expect(error.cause).toBe('late');
    expect(addon.devices).toEqual([]);
  });

  it('looks for no rest while Windows has not come back', async () => {
    const { addon, backend } = windows({ limits: { create: 10 } });
    addon.create = (card) => {
      addon.add(card.name);
      return new FakeCall();
    };
    await expectError(backend.create(request()), 'ERR_TIMEOUT');
    expect(addon.devices).toHaveLength(1);
  });

  it('does one thing at a time', async () => {
    const { addon, backend } = windows();
    const first = new FakeCall<{ instanceId: string; needReboot: boolean }>();
    addon.create = () => first;
    const creating = backend.create(request());
    const destroying = backend.destroy(ID, {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(addon.calls).toHaveLength(1);
    first.resolve({ instanceId: ID, needReboot: false });
    await creating;
    await destroying;
    expect(addon.calls).toHaveLength(2);
  });

  it('refuses calls once it is closed', async () => {
    const { backend } = windows();
    await backend.close();
    await backend.close();
    await expectError(backend.create(request()), 'ERR_CLOSED');
    await expectError(backend.list(), 'ERR_CLOSED');
    await expectError(backend.tpmStatus(), 'ERR_CLOSED');
  });

  it('keeps nothing that was opened while it closed', async () => {
    const { addon, backend } = windows();
    addon.add('A card');
    const handle = new FakeCardHandle(appletCard().connect());
    const connecting = new FakeCall<FakeCardHandle>();
    addon.connect = () => connecting;
    const connected = backend.connect(ID);
    const watched = backend.watch();
    await backend.close();
    connecting.resolve(handle);
    await expectError(connected, 'ERR_CLOSED');
    await expectError(watched, 'ERR_CLOSED');
    expect(handle.calls.at(-1)).toBe('close with reset');
    expect(await addon.watching?.call.result).toBeUndefined();
  });
});

describe('another machine', () => {
  it('has create and destroy, also from a Remote Desktop session, and nothing else', async () => {
    const { addon, backend } = windows({ machine: 'pc-17' });
    addon.remoteSession = true;
    expect(await backend.create(request({ name: 'Far' }))).toBe(ID);
    expect(addon.calls).toMatchObject([{ create: { machine: 'pc-17' } }]);
    const connection = await backend.connect(ID);
    expect(await connection.info()).toMatchObject({ instanceId: ID, name: 'Far' });
    await expectError(connection.containers(), 'ERR_NOT_SUPPORTED_REMOTE');
    await expectError(connection.verifyPin(Buffer.from('1234')), 'ERR_NOT_SUPPORTED_REMOTE');
    await connection.close();
    await backend.destroy(ID, {});
    await expectError(backend.connect(ID), 'ERR_NOT_SUPPORTED_REMOTE');
    await expectError(backend.list(), 'ERR_NOT_SUPPORTED_REMOTE');
    await expectError(backend.tpmStatus(), 'ERR_NOT_SUPPORTED_REMOTE');
    await expectError(backend.watch(), 'ERR_NOT_SUPPORTED_REMOTE');
    await expectError(backend.resetTpmLockout(new Uint8Array(0)), 'ERR_NOT_SUPPORTED_REMOTE');
  });

  it('is not searched for what a failed create has left', async () => {
    const { addon, backend } = windows({ machine: 'pc-17' });
    addon.create = (card) => {
      addon.add(card.name);
      return FakeCall.rejected(nativeError('HRESULT', E_FAIL));
    };
    await expectError(backend.create(request()), 'ERR_WINDOWS');
    expect(addon.devices).toHaveLength(1);
  });
});

describe('the watch', () => {
  it('tells what came and went, and ends with the backend', async () => {
    const { addon, backend } = windows();
    const old = addon.add('Old');
    const watch = await backend.watch();
    const events: CardEvent[] = [];
    const reading = (async () => {
      for await (const event of watch) events.push(event);
    })();
    const fresh = addon.add('New');
    addon.watching?.listener('changed', 0);
    await expect.poll(() => events.length).toBe(1);
    addon.remove(old);
    addon.watching?.listener('changed', 0);
    await expect.poll(() => events.length).toBe(2);
    expect(events).toEqual([
      { type: 'added', instanceId: fresh, name: 'New' },
      { type: 'removed', instanceId: old, name: 'Old' },
    ]);
    await backend.close();
    await reading;
  });

  it('ends when the smart card service does not come back from its wait', async () => {
    const { addon, backend } = windows();
    const watch = await backend.watch();
    const call = addon.watching?.call;
    if (!call) throw new Error('nobody watches');
    call.cancel = () => undefined;
    await watch.close();
    expect(call.asked).toEqual(['abandon']);
  });

  it('ends with the error of the smart card service', async () => {
    const { addon, backend } = windows();
    const watch = await backend.watch();
    const next = watch.next();
    addon.watching?.call.reject(nativeError('HRESULT', { hresult: 0x80070005 }));
    await expectError(next, 'ERR_ACCESS_DENIED');
    expect(await watch.next()).toEqual({ value: undefined, done: true });
    await backend.close();
  });
});
