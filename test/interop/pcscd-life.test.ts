import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { createKeyFile } from '../support/applet-card.js';
import { PROGRAM, runProgram } from '../support/cli.js';
import { PcscProgram, until } from '../support/pcsc.js';
import { Pcscd } from '../support/pcscd.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

const READER = 'Virtual Smart Card 00 00';
const PIN_STATUS = '00200080';

async function isThere(reader: string): Promise<boolean> {
  const program = new PcscProgram();
  try {
    await program.connect(reader);
    return true;
  } catch {
    // No card, which is one of the two answers.
    return false;
  } finally {
    await program.kill();
  }
}

async function publishedCard() {
  const pcscd = await Pcscd.start();
  const manager = await openManager(await temporaryDirectory());
  const options = cardOptions();
  const card = await manager.create(options);
  const publication = await manager.publish({ directory: pcscd.places.directory });
  const verifyPin = `0020008008${options.pin.toString('hex')}`;
  return { pcscd, manager, card, pin: options.pin, publication, verifyPin };
}

test('what was verified lasts for all programs until a reset or power-off', async () => {
  const { verifyPin, card } = await publishedCard();
  const one = new PcscProgram();
  const other = new PcscProgram();
  await one.connectWhenThere(READER);
  expect(await one.transmit(verifyPin)).toBe('9000');
  await other.connect(READER);
  expect(await other.transmit(PIN_STATUS)).toBe('9000');
  // Our own connection has a PIN state of its own.
  await expect(card.createKey({ algorithm: 'EC-P256' })).rejects.toMatchObject({
    code: 'ERR_PIN_REQUIRED',
  });
  await other.disconnect('leave');
  await one.reconnect('reset');
  expect(await one.transmit(PIN_STATUS)).toMatch(/^63C/);
  expect(await one.transmit(verifyPin)).toBe('9000');
  await one.disconnect('unpower');
  await one.connect(READER);
  expect(await one.transmit(PIN_STATUS)).toMatch(/^63C/);
});

test('a program that dies in a transaction leaves the card to the next', async () => {
  const { verifyPin } = await publishedCard();
  const one = new PcscProgram();
  await one.connectWhenThere(READER);
  await one.begin();
  expect(await one.transmit(verifyPin)).toBe('9000');
  await one.kill();
  const other = new PcscProgram();
  await other.connectWhenThere(READER);
  await other.begin();
  expect(await other.transmit('00CB3FFF045C027F7100')).toMatch(/^7F71.*9000$/);
  await other.end();
});

test('a card that is made while pcscd runs comes into its reader, and goes with its end', async () => {
  const { manager, publication } = await publishedCard();
  const second = await manager.create(cardOptions());
  await until(() => isThere('Virtual Smart Card 00 01'));
  expect(publication.readerOf(second.instanceId)).toBe('Virtual Smart Card 00 01');
  await manager.destroy(second.instanceId);
  await until(async () => !(await isThere('Virtual Smart Card 00 01')));
  expect(publication.readerOf(second.instanceId)).toBeUndefined();
  expect(await isThere(READER)).toBe(true);
});

test('a hundred times the card is taken out and put in, and is there each time', async () => {
  const { pcscd, manager, card, publication, verifyPin } = await publishedCard();
  await publication.close();
  const program = new PcscProgram();
  for (let round = 0; round < 100; round++) {
    const again = await manager.publish({ directory: pcscd.places.directory });
    await program.connectWhenThere(READER);
    expect(await program.transmit(PIN_STATUS)).toMatch(/^63C/);
    expect(await program.transmit(verifyPin)).toBe('9000');
    await again.close();
    await expect(program.transmit(PIN_STATUS)).rejects.toThrow(/SCardTransmit/);
  }
  expect((await card.pinTries()).left).toBe(5);
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'pcscd ends by %s and starts: the card is in again',
  async (signal) => {
    const { pcscd, manager, card, publication, verifyPin } = await publishedCard();
    const program = new PcscProgram();
    await program.connectWhenThere(READER);
    expect(await program.transmit(verifyPin)).toBe('9000');
    await pcscd.stop(signal);
    await until(() => publication.readerOf(card.instanceId) === undefined);
    expect((await manager.info(card.instanceId)).readerName).toBeUndefined();
    await pcscd.run();
    const later = new PcscProgram();
    await later.connectWhenThere(READER);
    expect(await later.transmit(PIN_STATUS)).toMatch(/^63C/);
    expect((await manager.info(card.instanceId)).readerName).toBe(READER);
  },
);

test('commands and answers of 65 kB pass, as long as an extended APDU may be', async () => {
  const { verifyPin } = await publishedCard();
  const program = new PcscProgram();
  await program.connectWhenThere(READER);
  expect(await program.transmit(verifyPin)).toBe('9000');
  // DO DF24 of file A010, as long as the command data can hold it.
  const value = Buffer.alloc(0xffff - 5, 0x5a)
    .toString('hex')
    .toUpperCase();
  const length = (value.length / 2).toString(16).padStart(4, '0').toUpperCase();
  const object = `DF2482${length}${value}`;
  expect(object.length / 2).toBe(0xffff);
  expect(await program.transmit(`00DBA01000FFFF${object}`)).toBe('9000');
  expect(await program.transmit('00CBA0100000045C02DF240000')).toBe(`${object}9000`);
});

test('a publisher that is killed in the middle of a command takes its card with it', async () => {
  const pcscd = await Pcscd.start();
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const options = cardOptions();
  const { instanceId } = await manager.create(options);
  await manager.close();
  const publish = () => {
    const words = [
      'publish',
      '--state-directory',
      directory,
      '--directory',
      pcscd.places.directory,
    ];
    const child = spawn(process.execPath, [PROGRAM, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    return child;
  };
  const first = publish();
  const program = new PcscProgram();
  await program.connectWhenThere(READER);
  expect(await program.transmit(`0020008008${options.pin.toString('hex')}`)).toBe('9000');

  const making = makeKeys(program);
  await new Promise((resolve) => setTimeout(resolve, 50));
  first.kill('SIGKILL');
  await expect(making).rejects.toThrow(/SCardTransmit/);
  await until(async () => !(await isThere(READER)));

  const second = publish();
  const lines = createInterface({ input: second.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe(`${READER}: ${instanceId} ${options.name}`);
  const later = new PcscProgram();
  await later.connectWhenThere(READER);
  expect(await later.transmit(PIN_STATUS)).toMatch(/^63C/);
  second.kill('SIGINT');
  const [code] = await once(second, 'exit');
  expect(code).toBe(0);
});

/** Makes RSA keys, one after the other without end, in one key file. */
async function makeKeys(program: PcscProgram): Promise<void> {
  const keyFile = createKeyFile(0x81, 0x07, { decrypt: [0x40], sign: [0x50] });
  expect(await program.transmit(keyFile)).toBe('9000');
  expect(await program.transmit('00440000')).toBe('9000');
  for (;;) expect(await program.transmit('0047000008AC0680010783018100')).toMatch(/9000$/);
}

test('another user cannot pose as a card, and a second publisher does not get a slot', async () => {
  const { pcscd, manager, card } = await publishedCard();
  const path = join(pcscd.places.directory, 'slot-1');
  const script = `require('net').connect(${JSON.stringify(path)}).on('error', (e) => console.log(e.code))`;
  const nobody = spawn('setpriv', [
    '--reuid=65534',
    '--clear-groups',
    process.execPath,
    '-e',
    script,
  ]);
  const [said] = await once(nobody.stdout, 'data');
  expect(String(said).trim()).toBe('EACCES');

  // In the directory or not: the driver asks the kernel who it is.
  await chmod(pcscd.places.directory, 0o711);
  await chmod(path, 0o777);
  const inside = `require('net').connect(${JSON.stringify(path)}).on('close', () => console.log('closed')).resume()`;
  const cutOff = spawn('setpriv', [
    '--reuid=65534',
    '--clear-groups',
    process.execPath,
    '-e',
    inside,
  ]);
  const [ended] = await once(cutOff.stdout, 'data');
  expect(String(ended).trim()).toBe('closed');
  await until(() => pcscd.log.includes('refused user 65534'));

  const warnings: string[] = [];
  const second = await manager.publish({
    directory: pcscd.places.directory,
    onWarning: ({ code }) => warnings.push(code),
  });
  expect(second.readerOf(card.instanceId)).toBeUndefined();
  expect(warnings).toEqual(['ERR_ACCESS_DENIED']);
  expect(await isThere(READER)).toBe(true);
  const raw = connect(join(pcscd.places.directory, 'slot-0'));
  await once(raw.resume(), 'close');
  expect(await isThere(READER)).toBe(true);
});

test('an ordinary user publishes through a pcscd that is root', async () => {
  const nobody = 65534;
  const pcscd = await Pcscd.start({ uid: nobody });
  const folder = await temporaryDirectory();
  await chown(folder, nobody, nobody);
  // The clone may lie where only root reads: that, and nothing else, the user keeps of root's rights.
  const rights = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
  const ids = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
  const asNobody = ['setpriv', ...ids, ...rights];
  const program = [...asNobody, process.execPath, PROGRAM];
  const store = ['--state-directory', join(folder, 'store')];
  const made = await runProgram(
    [
      ...program,
      'create',
      '--name',
      'Hers',
      '--generate',
      '--pin-stdin',
      ...store,
      '--tpm',
      'libtpms',
    ],
    { input: '12345678\n' },
  );
  expect(made).toMatchObject({ exitCode: 0 });
  const [command = '', ...words] = [...program, 'publish', ...store];
  const publisher = spawn(command, [...words, '--directory', pcscd.places.directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    publisher.kill('SIGKILL');
  });
  const [line] = await once(publisher.stdout, 'data');
  expect(String(line)).toBe(`${READER}: ROOT\\SMARTCARDREADER\\0000 Hers\n`);
  const client = new PcscProgram();
  await client.connectWhenThere(READER);
  expect(await client.transmit('00200080083132333435363738')).toBe('9000');
  publisher.kill('SIGTERM');
  expect((await once(publisher, 'exit'))[0]).toBe(0);
  await until(async () => !(await isThere(READER)));
});

test("vpcd's readers take cards too, where it is asked for", async () => {
  const port = 35963;
  const pcscd = await Pcscd.start({
    configuration: () =>
      `FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x8C7B\nLIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so\nCHANNELID 0x8C7B\n`,
  });
  const manager = await openManager(await temporaryDirectory());
  const options = cardOptions();
  const card = await manager.create(options);
  await expect(manager.publish({ vpcdPort: port })).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    parameter: 'vpcdPort',
  });
  const publication = await manager.publish({ insecureVpcd: true, vpcdPort: port });
  expect(publication.readerOf(card.instanceId)).toBe('Virtual PCD 00 00');
  const program = new PcscProgram();
  await program.connectWhenThere('Virtual PCD 00 00');
  expect(await program.transmit(`0020008008${options.pin.toString('hex')}`)).toBe('9000');
  await program.reconnect('reset');
  expect(await program.transmit(PIN_STATUS)).toMatch(/^63C/);
  await publication.close();
  await until(async () => !(await isThere('Virtual PCD 00 00')));
  expect(pcscd.pid).toBeGreaterThan(0);
});
