import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { compileIfdHost, Ifd, IfdHost } from '../support/ifd-host.js';
import { temporaryDirectory } from './support.js';

const ATR = '3B8D0180FBA000000397425446590401CF';
const POLLING = 0x0fb3;

/** What the handler sends first to who gets the slot: version 1. */
const GREETING = '000000020001';

describe.each(['address,undefined', 'thread'])(
  'the handler under the sanitizers %s',
  (sanitizers) => {
    let folder: string;
    let program: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'vsc-ifd-'));
      program = join(folder, 'host');
      await compileIfdHost(program, sanitizers);
    });

    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    async function openSlot() {
      const directory = temporaryDirectory();
      const host = new IfdHost(program);
      const { code } = await host.call('main', 'open', 0, `/dev/null:${directory}`);
      expect(code).toBe(Ifd.SUCCESS);
      return { host, directory, path: join(directory, 'slot-0') };
    }

    async function openCard() {
      const slot = await openSlot();
      const card = new RawCard(slot.path);
      // The watching thread wakes when the card comes.
      expect((await slot.host.call('watch', 'wait', 0, 60_000)).code).toBe(Ifd.SUCCESS);
      expect((await slot.host.call('watch', 'presence', 0)).code).toBe(Ifd.ICC_PRESENT);
      expect(await card.take(6)).toBe(GREETING);
      return { ...slot, card };
    }

    async function expectEnd(host: IfdHost): Promise<void> {
      expect(await host.end()).toEqual({ exitCode: 0, errors: '' });
    }

    test('it tells pcscd of ten slots that may be used at once, and of no PIN pad', async () => {
      const { host, path } = await openSlot();
      const byte = async (tag: number) => (await host.call('main', 'capability', 0, tag)).bytes;
      expect(await byte(0x0fae)).toBe('0A');
      expect(await byte(0x0fac)).toBe('01');
      expect((await host.call('main', 'capability', 0, POLLING)).code).toBe(
        Ifd.INSUFFICIENT_BUFFER,
      );
      expect((await host.call('main', 'capability', 0, 0x4711)).code).toBe(Ifd.ERROR_TAG);
      expect(await host.call('main', 'control', 0, 0x42000d48)).toEqual({ code: 0, bytes: '' });
      expect((await host.call('main', 'control', 0, 1)).code).toBe(Ifd.NOT_SUPPORTED);
      expect((await host.call('main', 'presence', 3)).code).toBe(Ifd.NO_SUCH_DEVICE);
      expect((await host.call('main', 'close', 0)).code).toBe(Ifd.SUCCESS);
      expect(existsSync(path)).toBe(false);
      await expectEnd(host);
    });

    test('a card is powered, used and reset, byte for byte', async () => {
      const { host, card } = await openCard();
      const power = host.call('watch', 'power', 0, Ifd.POWER_UP);
      expect(await card.take(5)).toBe('0000000101');
      card.answer(ATR);
      expect(await power).toEqual({ code: Ifd.SUCCESS, bytes: ATR });
      const command = host.call('client', 'transmit', 0, '00A4040000', 258);
      expect(await card.take(10)).toBe('000000060400A4040000');
      // In pieces, as a stream may bring it.
      const whole = Buffer.from('000000046F009000', 'hex');
      for (const byte of whole) card.send(Buffer.of(byte));
      expect(await command).toEqual({ code: Ifd.SUCCESS, bytes: '6F009000' });
      const reset = host.call('client', 'power', 0, Ifd.RESET);
      expect(await card.take(5)).toBe('0000000103');
      card.answer(ATR);
      expect(await reset).toEqual({ code: Ifd.SUCCESS, bytes: ATR });
      const off = host.call('watch', 'power', 0, Ifd.POWER_DOWN);
      expect(await card.take(5)).toBe('0000000102');
      card.answer('');
      expect((await off).code).toBe(Ifd.SUCCESS);
      await expectEnd(host);
    });

    test('commands and answers of any length pass, and an answer too long for the caller does no harm', async () => {
      const { host, card } = await openCard();
      const long = 'A5'.repeat(65_536 + 9);
      const answer = '5A'.repeat(65_536 + 2);
      const first = host.call('client', 'transmit', 0, long, 65_538);
      expect(await card.take(5 + long.length / 2)).toBe(`0001000A04${long}`);
      card.answer(answer);
      expect(await first).toEqual({ code: Ifd.SUCCESS, bytes: answer });
      const second = host.call('client', 'transmit', 0, '00', 10);
      await card.take(6);
      card.answer('00'.repeat(600));
      expect(await second).toEqual({ code: Ifd.INSUFFICIENT_BUFFER, bytes: '' });
      const third = host.call('client', 'transmit', 0, '00', 2);
      await card.take(6);
      card.answer('9000');
      expect(await third).toEqual({ code: Ifd.SUCCESS, bytes: '9000' });
      await expectEnd(host);
    });

    const HOSTILE: [string, (card: RawCard) => void][] = [
      ['a length without end', (card) => card.send(Buffer.from('FFFFFFFF9000', 'hex'))],
      ['a length one too long', (card) => card.send(Buffer.from('000100039000', 'hex'))],
      ['an answer too short for a status', (card) => card.answer('90')],
      ['half an answer and the end', (card) => card.end(Buffer.from('000000049000', 'hex'))],
      ['half a length and the end', (card) => card.end(Buffer.from('0000', 'hex'))],
      ['the end', (card) => card.end(Buffer.alloc(0))],
    ];

    test.each(HOSTILE)('%s is no answer, and the card is out', async (_name, misbehave) => {
      const { host, card } = await openCard();
      const command = host.call('client', 'transmit', 0, '00', 258);
      await card.take(6);
      misbehave(card);
      expect(await command).toEqual({ code: Ifd.COMMUNICATION_ERROR, bytes: '' });
      expect((await host.call('watch', 'wait', 0, 60_000)).code).toBe(Ifd.SUCCESS);
      expect((await host.call('watch', 'presence', 0)).code).toBe(Ifd.ICC_NOT_PRESENT);
      await card.closed;
      expect((await host.call('client', 'transmit', 0, '00', 258)).code).toBe(
        Ifd.COMMUNICATION_ERROR,
      );
      expect((await host.call('watch', 'power', 0, Ifd.POWER_UP)).code).toBe(
        Ifd.ERROR_POWER_ACTION,
      );
      expect((await host.call('watch', 'power', 0, Ifd.POWER_DOWN)).code).toBe(Ifd.SUCCESS);
      await expectEnd(host);
    });

    test('what a publisher says unasked is never taken for an answer', async () => {
      const { host, card } = await openCard();
      card.answer('9000');
      await new Promise((resolve) => setTimeout(resolve, 50));
      const command = await host.call('client', 'transmit', 0, '00200080', 258);
      expect(command).toEqual({ code: Ifd.COMMUNICATION_ERROR, bytes: '' });
      await card.closed;
      // The command, which may hold a PIN, was not sent.
      expect(card.received).toBe('');
      await expectEnd(host);
    });

    test('a second publisher is turned away, and the first keeps the slot', async () => {
      const { host, card, path } = await openCard();
      const second = new RawCard(path);
      expect((await host.call('watch', 'wait', 0, 60_000)).code).toBe(Ifd.SUCCESS);
      expect((await host.call('watch', 'presence', 0)).code).toBe(Ifd.ICC_PRESENT);
      await second.closed;
      expect(second.received).toBe('');
      const command = host.call('client', 'transmit', 0, '00', 258);
      await card.take(6);
      card.answer('9000');
      expect((await command).bytes).toBe('9000');
      await host.end();
    });

    test('a card that was exchanged is seen as out before it is in', async () => {
      const { host, card, path } = await openCard();
      card.socket.destroy();
      await card.closed;
      const next = new RawCard(path);
      // Asked by a program's thread, it stays out: the watching thread has to hear of it first.
      const asked = async (thread: string) => (await host.call(thread, 'presence', 0)).code;
      await once(next.socket, 'connect');
      expect(await asked('client')).toBe(Ifd.ICC_NOT_PRESENT);
      expect(await asked('client')).toBe(Ifd.ICC_NOT_PRESENT);
      expect((await host.call('watch', 'wait', 0, 60_000)).code).toBe(Ifd.SUCCESS);
      expect(await asked('watch')).toBe(Ifd.ICC_NOT_PRESENT);
      expect(await asked('watch')).toBe(Ifd.ICC_PRESENT);
      expect(await next.take(6)).toBe(GREETING);
      await expectEnd(host);
    });

    test('closing the reader ends a command that waits, and a wait', async () => {
      const { host, card, path } = await openCard();
      const command = host.call('client', 'transmit', 0, '00', 258);
      const wait = host.call('watch', 'wait', 0, 60_000);
      await card.take(6);
      // Time for the other thread to begin its wait.
      const early = await Promise.race([wait, new Promise((resolve) => setTimeout(resolve, 100))]);
      expect(early).toBeUndefined();
      expect((await host.call('main', 'close', 0)).code).toBe(Ifd.SUCCESS);
      expect((await command).code).toBe(Ifd.COMMUNICATION_ERROR);
      expect((await wait).code).toBe(Ifd.SUCCESS);
      expect(existsSync(path)).toBe(false);
      await expectEnd(host);
    });

    test('a wait is woken once by each stop, before it begins too', async () => {
      const { host } = await openSlot();
      await host.call('client', 'stop', 0);
      expect((await host.call('watch', 'wait', 0, 60_000)).code).toBe(Ifd.SUCCESS);
      const wait = host.call('watch', 'wait', 0, 60_000);
      const early = await Promise.race([wait, new Promise((resolve) => setTimeout(resolve, 100))]);
      expect(early).toBeUndefined();
      await host.call('client', 'stop', 0);
      expect((await wait).code).toBe(Ifd.SUCCESS);
      await expectEnd(host);
    });

    test('ten slots work at once, while their cards come and go', async () => {
      const directory = temporaryDirectory();
      const host = new IfdHost(program);
      const slots = Array.from({ length: 10 }, (_, slot) => slot);
      for (const slot of slots) await host.call('main', 'open', slot, `/dev/null:${directory}`);
      await Promise.all(
        slots.map(async (slot) => {
          const watch = `watch${slot}`;
          for (let round = 0; round < 10; round++) {
            const card = new RawCard(join(directory, `slot-${slot}`));
            let presence = await host.call(watch, 'presence', slot);
            while (presence.code !== Ifd.ICC_PRESENT) {
              await host.call(watch, 'wait', slot, 60_000);
              presence = await host.call(watch, 'presence', slot);
            }
            await card.take(6);
            const command = host.call(`client${slot}`, 'transmit', slot, '0102', 258);
            await card.take(7);
            card.answer(`0${slot}9000`);
            expect((await command).bytes).toBe(`0${slot}9000`);
            card.end(Buffer.alloc(0));
            await host.call(watch, 'wait', slot, 60_000);
            expect((await host.call(watch, 'presence', slot)).code).toBe(Ifd.ICC_NOT_PRESENT);
          }
        }),
      );
      expect((await host.call('main', 'open', 10, `/dev/null:${directory}`)).code).not.toBe(0);
      await expectEnd(host);
    });

    test('a directory that is not its own is not used', async () => {
      const base = temporaryDirectory();
      const open = async (directory: string) => {
        const host = new IfdHost(program);
        const { code } = await host.call('main', 'open', 0, directory);
        await host.end();
        return code;
      };
      mkdirSync(join(base, 'open'), { mode: 0o755 });
      mkdirSync(join(base, 'closed'), { mode: 0o700 });
      symlinkSync(join(base, 'closed'), join(base, 'link'));
      expect(await open(`/dev/null:${base}/open`)).toBe(Ifd.COMMUNICATION_ERROR);
      expect(await open(`/dev/null:${base}/link`)).toBe(Ifd.COMMUNICATION_ERROR);
      expect(await open(`/dev/null:${base}/none`)).toBe(Ifd.COMMUNICATION_ERROR);
      expect(await open(`/dev/null:${base}/${'x'.repeat(200)}`)).toBe(Ifd.COMMUNICATION_ERROR);
      expect(await open('/dev/null')).toBe(Ifd.COMMUNICATION_ERROR);
      expect(await open(`/dev/null:${base}/closed`)).toBe(Ifd.SUCCESS);
      // A socket that a killed pcscd left is replaced.
      expect(await open(`/dev/null:${base}/closed`)).toBe(Ifd.SUCCESS);
    });
  },
);

/** A publisher byte by byte, good or bad. */
class RawCard {
  readonly socket: Socket;
  /** Resolves when the handler has ended the connection. */
  readonly closed: Promise<void>;
  #bytes = Buffer.alloc(0);
  #onData: () => void = () => undefined;

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: false });
    this.socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#onData();
    });
    // The handler may have gone before what we sent was read.
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.on('close', () => resolve()));
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  get received(): string {
    return this.#bytes.toString('hex').toUpperCase();
  }

  /** The next so many bytes, hexadecimal. */
  async take(length: number): Promise<string> {
    while (this.#bytes.length < length) {
      await new Promise<void>((resolve) => {
        this.#onData = resolve;
      });
    }
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken.toString('hex').toUpperCase();
  }

  answer(hex: string): void {
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(hex.length / 2);
    this.send(Buffer.concat([prefix, Buffer.from(hex, 'hex')]));
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  end(bytes: Buffer): void {
    this.socket.end(bytes);
  }
}
