import { verify } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { VirtualSmartCardManager } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { RawClient } from '../support/raw-client.js';
import { ServeProcess } from '../support/serve-process.js';
import { openServed } from '../support/served-manager.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

async function servedElsewhere() {
  const directory = await temporaryDirectory();
  const server = await ServeProcess.start(directory);
  const manager = await openManager(directory);
  const options = cardOptions();
  const card = await manager.create(options);
  return { directory, server, manager, card, pin: options.pin };
}

test('the service is killed: calls under way fail, the next one after its return goes on, without log-in', async () => {
  const { directory, server, manager, card, pin } = await servedElsewhere();
  const key = await card.createKey({ container: 'Key', algorithm: 'EC-P256' }, { pin });
  await card.verifyPin(pin);
  const watch = await manager.watch();
  const event = watch.next();
  server.signal('SIGSTOP');
  const underWay = [key.sign('ECDSA-SHA256', 'x'), manager.list(), card.pinTries()];
  const failed = Promise.all(underWay.map((each) => expectError(each, 'ERR_SERVICE_GONE')));
  const watched = expectError(event, 'ERR_SERVICE_GONE');
  await server.kill();
  await failed;
  await watched;
  await expectError(manager.list(), 'ERR_SERVICE_GONE');
  await expectError(key.sign('ECDSA-SHA256', 'x'), 'ERR_SERVICE_GONE');

  await ServeProcess.start(directory);
  await expectError(key.sign('ECDSA-SHA256', 'x'), 'ERR_PIN_REQUIRED');
  await card.verifyPin(pin);
  const signature = await key.sign('ECDSA-SHA256', 'x');
  expect(verify('sha256', Buffer.from('x'), key.publicKey, signature)).toBe(true);
  const again = await manager.watch();
  await manager.destroy(card.instanceId);
  expect((await again.next()).value).toMatchObject({ type: 'removed' });
});

test('a service that is stopped is waited for no longer than some beats; one that works slowly is', async () => {
  const { server, manager, card, pin } = await servedElsewhere();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const beats = async (count: number) => {
    for (let beat = 0; beat < count; beat++) {
      vi.advanceTimersByTime(5_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const making = card.createKey({ container: 'Slow', algorithm: 'RSA-2048' }, { pin });
  await beats(10);
  await making;

  server.signal('SIGSTOP');
  let ended = false;
  const listing = expectError(manager.list(), 'ERR_SERVICE_GONE').finally(() => {
    ended = true;
  });
  // Until the call is on its way.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await beats(4);
  expect(ended).toBe(false);
  await beats(1);
  await listing;
  server.signal('SIGCONT');
  vi.useRealTimers();
  expect((await manager.list()).map(({ instanceId }) => instanceId)).toEqual([card.instanceId]);
});

test('a service that ends in order answers what is under way, and leaves no socket', async () => {
  const { directory, server, manager, card, pin } = await servedElsewhere();
  const making = card.createKey({ algorithm: 'RSA-2048' }, { pin }).then(
    () => 'made',
    (error) => error.code,
  );
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(await server.stop()).toBe(0);
  expect(['made', 'ERR_SERVICE_GONE']).toContain(await making);
  expect(existsSync(join(directory, 'serve.sock'))).toBe(false);
  await expectError(manager.list(), 'ERR_SERVICE_GONE');
  // Nobody has the store: whoever opens it next owns it, and may serve it to the former client.
  const owner = await openManager(directory);
  await owner.serve();
  expect(await manager.list()).toHaveLength(1);
  expect((await card.containers()).length).toBe((await owner.list())[0]?.containerCount);
});

test('a card that has come into the place of another is not taken for it', async () => {
  const { directory, server, card, pin } = await servedElsewhere();
  await server.kill();
  const owner = await openManager(directory);
  await owner.destroy(card.instanceId);
  await owner.create(cardOptions());
  await owner.serve();
  await expectError(card.verifyPin(pin), 'ERR_CARD_NOT_FOUND');
  expect((await owner.info('0000')).pinTriesLeft).toBe(5);
});

test('without a service the second opener is told who has the store, and of serve', async () => {
  const { directory, server } = await servedElsewhere();
  const again = await expectError((await openServed(directory)).serve(), 'ERR_STATE_IN_USE');
  expect(again.holderPid).toBe(server.pid);
  await server.kill();
  // What it left is not taken for a service.
  expect(existsSync(join(directory, 'serve.sock'))).toBe(true);
  await openManager(directory);
  const { CrashChild } = await import('../support/crash-child.js');
  const child = new CrashChild({ stateDirectory: directory, tpm: 'libtpms', operation: 'nothing' });
  const refused = await child.next('failed', 'begin');
  await child.kill();
  expect(refused).toMatchObject({ code: 'ERR_STATE_IN_USE', holderPid: process.pid });
  expect(JSON.stringify(refused)).toContain('virtual-smartcard serve');
});

test('one TPM for all: a client that asks for another one is refused', async () => {
  const { directory } = await servedElsewhere();
  const tpm = 'swtpm:unix:/nowhere';
  const opening = VirtualSmartCardManager.open({
    backend: 'embedded',
    stateDirectory: directory,
    tpm,
  });
  const error = await expectError(opening, 'ERR_INVALID_ARGUMENT');
  expect(error.parameter).toBe('tpm');
});

test('a store is served once at a time, and closing its manager ends it', async () => {
  const directory = await temporaryDirectory();
  const [one, other] = [await openManager(directory), await openManager(directory)];
  const service = await one.serve();
  expect(statSync(service.path).mode & 0o777).toBe(0o600);
  await expectError(other.serve(), 'ERR_STATE_IN_USE');
  const served = await openServed(directory);
  await service.close();
  await service.close();
  await expectError(served.list(), 'ERR_SERVICE_GONE');
  await other.serve();
  expect(await served.list()).toEqual([]);
  await other.close();
  await expectError(served.list(), 'ERR_SERVICE_GONE');
  await expectError(one.serve({ maxClients: 0 }), 'ERR_INVALID_ARGUMENT');
  await expectError(one.serve({ port: 1 } as never), 'ERR_INVALID_ARGUMENT');
});

test('a state directory whose path is too long for a socket is served, too', async () => {
  const root = await temporaryDirectory();
  const directory = join(root, 'd'.repeat(120), 'e'.repeat(200));
  mkdirSync(directory, { recursive: true });
  const server = await ServeProcess.start(directory);
  const manager = await openManager(directory);
  await manager.create(cardOptions());
  expect(await manager.list()).toHaveLength(1);
  expect(statSync(join(directory, 'serve.sock')).mode & 0o777).toBe(0o600);
  expect(await server.stop()).toBe(0);
  expect(existsSync(join(directory, 'serve.sock'))).toBe(false);
});

test('a client that ends while a card is made for it leaves none', async () => {
  const directory = await temporaryDirectory();
  const owner = await openManager(directory);
  const { path } = await owner.serve();
  for (let stage = 1; stage <= 10; stage++) {
    const client = await RawClient.open(path);
    client.request('create', { name: 'Left alone' }, [
      Buffer.from('12345678'),
      Buffer.alloc(24, 7),
    ]);
    for (let told = 0; told < stage; told++) await client.next();
    client.leave();
    // The next list waits for the end of what is being made.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const cards = await owner.list();
    // Told that it is there, the client had it.
    if (stage < 10) expect(cards, `stage ${stage}`).toEqual([]);
    for (const { instanceId } of cards) await owner.destroy(instanceId);
  }
});

test('an idle client keeps no process alive, and its calls do', async () => {
  const { directory } = await servedElsewhere();
  const { spawn } = await import('node:child_process');
  const program = `
    import { VirtualSmartCardManager } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
    const manager = await VirtualSmartCardManager.open({ stateDirectory: ${JSON.stringify(directory)} });
    const card = await manager.card();
    await manager.watch();
    console.log((await card.pinTries()).left);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  expect(String(said).trim()).toBe('5');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
