import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { openPcscBackend } from '../../lib/backend/pcsc/pcsc-backend.js';
import { AdminKey, VirtualSmartCardError, VirtualSmartCardManager } from '../../lib/index.js';
import { CommandLine, runProgram } from '../support/cli.js';
import { expectError } from '../support/expect-error.js';
import { PcscProgram, until } from '../support/pcsc.js';
import {
  expectSeenComingAndGoing,
  INSTANCE_ID,
  openPcscManager,
  publishedCard,
  READER,
} from '../support/pcsc-card.js';
import { cardOptions, otherPin, randomPin, temporaryDirectory } from '../support/store.js';

const DATA = randomBytes(1000);
const INDEX = new URL('../../dist/index.js', import.meta.url).href;
const SELECT = '00A4040009A0000003974254465900';
const PIN_STATUS = '00200080';
const TRIES = '00CB3FFF045C027F7100';
const ALL_TRIES = /^7F71.*9000$/;
const YES_OR_NO = [() => true, () => false] as const;

test('a published card is listed by its reader, and OpenSSL verifies what its key signs', async () => {
  const { manager, card, options, made } = await publishedCard();
  const { cardId } = await made.info();
  expect(await manager.list()).toEqual([
    {
      instanceId: INSTANCE_ID,
      name: READER,
      readerName: READER,
      atr: '3b8d0180fba000000397425446590401cf',
      cardId,
      state: 'ready',
      stateReason: undefined,
      tpm: undefined,
      antiHammering: undefined,
      allowKeyImport: undefined,
      hasPuk: false,
      pinTriesLeft: 5,
      pinTriesMax: 5,
      pukTriesLeft: undefined,
      containerCount: 0,
    },
  ]);
  const { pin } = options;
  const key = await card.createKey({ algorithm: 'RSA-2048', container: 'Mail' }, { pin });
  const folder = await temporaryDirectory();
  const [data, signature, publicKey] = ['data', 'signature', 'key'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(data, DATA);
  await writeFile(signature, await key.sign('RSA-SHA256', DATA, { pin }));
  await writeFile(publicKey, key.publicKey.export({ type: 'spki', format: 'pem' }));
  const openssl = ['openssl', 'dgst', '-sha256', '-verify', publicKey, '-signature', signature];
  expect((await runProgram([...openssl, data])).stdout).toBe('Verified OK\n');
  expect((await made.keys()).map(({ container }) => container)).toEqual(['Mail']);
  for (const name of [READER, INSTANCE_ID, `reader/${READER}`]) {
    expect((await manager.info(name)).containerCount).toBe(1);
  }
});

test('certificates, PIN and PUK are managed in the reader as they are without one', async () => {
  const puk = randomPin(10);
  const { card, made, options } = await publishedCard({ puk });
  const { pin } = options;
  const inf = '[NewRequest]\nSubject = "CN=Jo"\nRequestType = Cert\nKeyContainer = Mail\n';
  const certificate = await card.enroll(inf, { pin });
  expect(certificate.container).toBe('Mail');
  const [seen] = await made.certificates();
  expect(seen?.der).toEqual(certificate.der);

  await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT', { triesLeft: 4 });
  const newPin = otherPin(pin);
  await card.changePin(pin, newPin);
  await expectError(made.verifyPin(pin), 'ERR_PIN_INCORRECT');
  await made.verifyPin(newPin);
  for (let left = 4; left >= 0; left--) {
    await expectError(card.verifyPin(otherPin(newPin)), 'ERR_PIN_INCORRECT', { triesLeft: left });
  }
  await expectError(card.verifyPin(newPin), 'ERR_PIN_BLOCKED');
  await card.unblock({ puk, newPin: pin });
  await card.verifyPin(pin);
});

test('the admin key unblocks a card without a PUK, and is changed', async () => {
  const adminKey = AdminKey.random();
  const { card, made, options } = await publishedCard({ adminKey });
  const newPin = otherPin(options.pin);
  await card.unblock({ adminKey, newPin });
  await made.verifyPin(newPin);
  const next = AdminKey.random();
  await card.changeAdminKey(adminKey, next);
  await expectError(card.unblock({ adminKey, newPin }), 'ERR_ADMIN_KEY_INCORRECT');
  await card.unblock({ adminKey: next, newPin: options.pin });
  await card.verifyPin(options.pin);
});

test("a call waits for another program's transaction, and nothing comes between its own commands", async () => {
  const { card, options } = await publishedCard();
  const { pin } = options;
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  const other = new PcscProgram();
  await other.connect(READER);
  await other.begin();
  let isDone = false;
  const signing = key.sign('ECDSA-SHA256', DATA, { pin }).then((signature) => {
    isDone = true;
    return signature;
  });
  for (let i = 0; i < 20; i++) expect(await other.transmit(TRIES)).toMatch(ALL_TRIES);
  expect(isDone).toBe(false);
  await other.end();
  expect(verify('sha256', DATA, key.publicKey, await signing)).toBe(true);
  // The PIN was given for one call, and another program finds the card locked.
  expect(await other.transmit(PIN_STATUS)).toMatch(/^63C/);
});

test('another program resets the card between two calls: what was verified is lost, and no more', async () => {
  const { card, options } = await publishedCard();
  const { pin } = options;
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await card.verifyPin(pin);
  await key.sign('ECDSA-SHA256', DATA);
  const other = new PcscProgram();
  await other.connect(READER);
  await other.reconnect('reset');
  await expectError(key.sign('ECDSA-SHA256', DATA), 'ERR_PIN_REQUIRED');
  await other.reconnect('unpower');
  const signature = await key.sign('ECDSA-SHA256', DATA, { pin });
  expect(verify('sha256', DATA, key.publicKey, signature)).toBe(true);
});

test('a card that was used is left with a reset, and one that was only looked at as it is', async () => {
  const { manager, card, options } = await publishedCard();
  const other = new PcscProgram();
  await other.connect(READER);
  expect(await other.transmit(SELECT)).toMatch(/9000$/);
  expect(await other.transmit(`0020008008${options.pin.toString('hex')}`)).toBe('9000');
  await manager.list();
  await card.close();
  expect(await other.transmit(PIN_STATUS)).toBe('9000');
  const again = await manager.card(READER);
  await again.verifyPin(options.pin);
  await again.close();
  await expect(other.transmit(PIN_STATUS)).rejects.toThrow('80100068');
  await other.reconnect('leave');
  expect(await other.transmit(PIN_STATUS)).toMatch(/^63C/);
});

test('the card is taken out amid a call: a typed error, and in again it works', async () => {
  const { card, options, publication, maker, pcscd } = await publishedCard();
  const { pin } = options;
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await card.verifyPin(pin);
  const calls = (async () => {
    for (;;) await key.sign('ECDSA-SHA256', DATA);
  })();
  const outcome = expectOneOf(calls, ['ERR_CARD_NOT_FOUND', 'ERR_READER']);
  await publication.close();
  await outcome;
  // pcscd finds out a moment later that the card is gone.
  const gone = () => expectError(key.sign('ECDSA-SHA256', DATA, { pin }), 'ERR_CARD_NOT_FOUND');
  await until(() => gone().then(...YES_OR_NO));
  await gone();
  await maker.publish({ directory: pcscd.places.directory });
  const manager = await openPcscManager();
  await until(async () => (await manager.list()).length === 1);
  await expectError(key.sign('ECDSA-SHA256', DATA), 'ERR_PIN_REQUIRED');
  const signature = await key.sign('ECDSA-SHA256', DATA, { pin });
  expect(verify('sha256', DATA, key.publicKey, signature)).toBe(true);
});

test('another card in the same reader is not taken for the one that was opened', async () => {
  const { card, options, publication, pcscd, manager } = await publishedCard();
  await card.pinTries();
  const { cardId } = await card.info();
  await publication.close();
  const cli = await CommandLine.start();
  await cli.create();
  let publisher: ChildProcess | undefined;
  const publishing = cli.run(['publish', '--directory', pcscd.places.directory], {
    started: (child) => {
      publisher = child;
    },
  });
  onTestFinished(async () => {
    publisher?.kill('SIGTERM');
    await publishing;
  });
  await until(async () => {
    const [now] = await manager.list();
    return now?.cardId !== undefined && now.cardId !== cardId;
  });
  await expectError(card.verifyPin(options.pin), 'ERR_CARD_NOT_FOUND');
  await expectError(card.verifyPin(options.pin), 'ERR_CARD_NOT_FOUND');
  const theirs = await manager.card();
  expect((await theirs.pinTries()).left).toBe(5);
  await theirs.verifyPin(cli.pin);
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'pcscd ends by %s: it is said what to do, and when it runs again the card is used again',
  async (signal) => {
    const { card, options, manager, pcscd } = await publishedCard();
    const { pin } = options;
    const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
    await card.verifyPin(pin);
    await pcscd.stop(signal);
    const error = await expectError(manager.list(), 'ERR_SMART_CARD_SERVICE');
    expect(error.message).toContain('systemctl start pcscd.socket');
    await expectError(key.sign('ECDSA-SHA256', DATA), 'ERR_SMART_CARD_SERVICE');
    await pcscd.run();
    await until(async () => (await manager.list()).length === 1);
    await expectError(key.sign('ECDSA-SHA256', DATA), 'ERR_PIN_REQUIRED');
    const signature = await key.sign('ECDSA-SHA256', DATA, { pin });
    expect(verify('sha256', DATA, key.publicKey, signature)).toBe(true);
  },
);

test('a watch tells of cards that come and go, also while pcscd is started anew', async () => {
  const published = await publishedCard();
  const { manager } = published;
  const watch = await manager.watch();
  // Others that use the card change nothing.
  const use = async () => (await manager.card()).pinTries();
  await expectSeenComingAndGoing(published, watch, use);
  await watch.close();
  expect(await watch.next()).toEqual({ done: true, value: undefined });
});

test('a pcscd that hangs holds up neither a call for ever nor the end of a watch', async () => {
  const { pcscd } = await publishedCard();
  const manager = VirtualSmartCardManager.over(await openPcscBackend({ query: 500, command: 500 }));
  onTestFinished(() => manager.close());
  const watch = await manager.watch();
  const card = await manager.card();
  process.kill(pcscd.pid, 'SIGSTOP');
  onTestFinished(() => {
    process.kill(pcscd.pid, 'SIGCONT');
  });
  await expectError(manager.list(), 'ERR_TIMEOUT');
  await expectError(card.pinTries(), 'ERR_TIMEOUT');
  await watch.close();
  process.kill(pcscd.pid, 'SIGCONT');
  expect((await card.pinTries()).left).toBe(5);
});

test.each(['exit', 'fall'])(
  'a process whose call waits for the card can end: %s',
  async (ending) => {
    await publishedCard();
    const script = fileURLToPath(new URL('children/wait-for-card.mjs', import.meta.url));
    const child = spawn(process.execPath, [script, INDEX, READER, ending], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const ended = once(child, 'exit');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('open');
    const other = new PcscProgram();
    await other.connect(READER);
    await other.begin();
    child.stdin.write('go\n');
    expect((await lines.next()).value).toBe('waiting');
    // Only what is waited for holds up a process.
    if (ending === 'fall') await other.end();
    expect(await ended).toEqual([0, null]);
    // The other program's end left the card with a reset.
    if (ending === 'fall') await other.reconnect('leave');
    else await other.end();
    expect(await other.transmit(TRIES)).toMatch(ALL_TRIES);
  },
);

test('threads use the card at once, and one that is ended amid a wait leaves it to the others', async () => {
  const { card, options } = await publishedCard();
  const { pin } = options;
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  const start = (rounds: number) => {
    const script = new URL('children/sign-in-thread.mjs', import.meta.url);
    const worker = new Worker(script, {
      workerData: { index: INDEX, reader: READER, pin, rounds },
    });
    return { worker, open: once(worker, 'message') };
  };
  const threads = [start(10), start(10)];
  const signatures = await Promise.all(
    threads.map(async ({ worker, open }) => {
      await open;
      worker.postMessage('go');
      return (await once(worker, 'message'))[0] as Uint8Array[];
    }),
  );
  for (const [round, signature] of signatures.flat().entries()) {
    const data = Buffer.from(`round ${round % 10}`);
    expect(verify('sha256', data, key.publicKey, signature)).toBe(true);
  }
  const waiting = start(0);
  await waiting.open;
  const other = new PcscProgram();
  await other.connect(READER);
  await other.begin();
  waiting.worker.postMessage('go');
  await once(waiting.worker, 'message');
  await waiting.worker.terminate();
  await other.end();
  const signature = await key.sign('ECDSA-SHA256', DATA, { pin });
  expect(verify('sha256', DATA, key.publicKey, signature)).toBe(true);
});

test('a blank card is listed, gids-tool sets it up, and our API uses it', async () => {
  const { card, manager, options } = await publishedCard({ generate: false });
  expect(await manager.info(READER)).toMatchObject({ state: 'blank', cardId: undefined });
  await expectError(
    card.createKey({ algorithm: 'EC-P256' }, { pin: options.pin }),
    'ERR_CARD_NOT_INITIALIZED',
  );
  const pin = randomPin();
  const serial = randomBytes(16).toString('hex');
  const adminKey = AdminKey.fromHex('010203040506070801020304050607080102030405060708');
  const run = await runProgram([
    ...['gids-tool', '--initialize', '--reader', READER, '--serial-number', serial],
    ...['--admin-key', adminKey.exportHex(), '--pin', pin.toString()],
  ]);
  expect(run.stdout + run.stderr).not.toMatch(/fail|error/i);
  expect(run.exitCode).toBe(0);
  expect((await manager.info(READER)).state).toBe('ready');
  const key = await card.createKey({ algorithm: 'RSA-2048', container: 'Ours' }, { pin });
  const signature = await key.sign('RSA-SHA256', DATA, { pin });
  expect(verify('sha256', DATA, key.publicKey, signature)).toBe(true);
  await card.unblock({ adminKey, newPin: otherPin(pin) });
  await card.verifyPin(otherPin(pin));
});

test('what the pcsc backend cannot do, it says', async () => {
  const manager = await openPcscManager();
  for (const call of [
    () => manager.create(cardOptions()),
    () => manager.destroy(READER),
    () => manager.tpmStatus(),
    () => manager.resetTpmLockout({ lockoutAuthorization: Buffer.alloc(0) }),
    () => manager.publish(),
  ]) {
    await expectError(call(), 'ERR_NOT_SUPPORTED');
  }
  await expectError(manager.info(' '), 'ERR_INVALID_ARGUMENT', { parameter: 'instanceId' });
  for (const parameter of ['stateDirectory', 'tpm', 'machine'] as const) {
    const opening = VirtualSmartCardManager.open({ backend: 'pcsc', [parameter]: 'x' });
    await expectError(opening, 'ERR_NOT_SUPPORTED', { parameter });
  }
});

test('the command line works on cards in readers', async () => {
  const { options } = await publishedCard();
  const cli = await CommandLine.start();
  const pin = options.pin.toString();
  const inReader = ['--backend', 'pcsc', '--instance', READER];
  const withPin = [...inReader, '--pin-stdin'];
  const { cards } = (await cli.json(['list', '--backend', 'pcsc'])) as { cards: unknown[] };
  expect(cards).toMatchObject([{ instanceId: INSTANCE_ID }]);
  expect(await cli.json(['info', ...inReader])).toMatchObject({ readerName: READER });
  const inf = cli.path('request.inf');
  await writeFile(
    inf,
    '[NewRequest]\nSubject = "CN=Jo"\nRequestType = Cert\nKeyContainer = Mail\n',
  );
  await cli.json(['certreq', '-new', ...withPin, inf, cli.path('out.cer')], `${pin}\n`);
  expect(await cli.json(['keys', ...inReader])).toMatchObject({ keys: [{ name: 'Mail' }] });
  expect((await cli.json(['certificates', ...inReader]))['certificates']).toHaveLength(1);
  await writeFile(cli.path('data'), DATA);
  const files = ['--in', cli.path('data'), '--out', cli.path('signature')];
  await cli.json(['sign', ...withPin, '--algorithm', 'RSA-SHA256', ...files], `${pin}\n`);
  const newPin = randomPin().toString();
  await cli.json(['verify-pin', ...withPin], `${pin}\n`);
  await cli.json(['change-pin', ...withPin], `${pin}\n${newPin}\n`);
  expect(await cli.failure(['verify-pin', ...withPin], `${pin}\n`)).toMatchObject({
    code: 'ERR_PIN_INCORRECT',
  });
  const adminKey = (options.adminKey as AdminKey).exportHex();
  await cli.json(['unblock', ...withPin], `${adminKey}\n${pin}\n`);
  await cli.json(['verify-pin', ...withPin], `${pin}\n`);
});

/** The call fails with one of these codes. */
async function expectOneOf(call: Promise<unknown>, codes: readonly string[]): Promise<void> {
  const error: unknown = await call.catch((reason: unknown) => reason);
  if (!VirtualSmartCardError.is(error)) throw error;
  expect(codes).toContain(error.code);
}
