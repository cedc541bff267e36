import { createHash, randomBytes, verify } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { count } from '../support/counts.js';
import {
  FIRST_READER,
  inserted,
  pkcs11Tool,
  pkcs15Init,
  storeWithReaders,
  succeed,
} from '../support/opensc.js';
import { PcscProgram } from '../support/pcsc.js';
import { cardOptions } from '../support/store.js';

/** How long ten cards sign at once; at least ten rounds. */
const MILLISECONDS = count(0, 60_000);

const ATR = '3b:8d:01:80:fb:a0:00:00:03:97:42:54:46:59:04:01:cf';

test('OpenSC sees a published card and its key, and signs with it', async () => {
  const { directory, manager, publish, warnings } = await storeWithReaders();
  const { pin, ...options } = cardOptions();
  const card = await manager.create({ ...options, pin });
  const key = await card.createKey({ algorithm: 'RSA-2048', container: 'mail' }, { pin });
  await using publication = await publish();
  const reader = FIRST_READER;
  expect(publication.readerOf(card.instanceId)).toBe(reader);
  expect((await manager.info(card.instanceId)).readerName).toBe(reader);
  await inserted(reader);

  const readers = (await succeed('opensc-tool', '-l')).stdout;
  expect(readers).toMatch(/^0 +Yes +Virtual Smart Card 00 00$/m);
  expect(readers.match(/^[0-9] +No +Virtual Smart Card 00 0[1-9]$/gm)).toHaveLength(9);
  expect((await succeed('opensc-tool', '-r', reader, '-a')).stdout.trim()).toBe(ATR);
  expect((await succeed('opensc-tool', '-r', reader, '-n')).stdout.trim()).toBe('GIDS Smart Card');
  const dump = (await succeed('pkcs15-tool', '--reader', reader, '-D')).stdout;
  expect(dump).toContain('Private RSA Key [mail]');
  expect(dump).toMatch(/ModLength +: 2048/);

  const [data, signature] = [join(directory, 'data'), join(directory, 'signature')];
  await writeFile(data, 'what is signed');
  await pkcs11Tool(
    pin,
    ...['--sign', '--mechanism', 'SHA256-RSA-PKCS', '--label', 'mail'],
    ...['--input-file', data, '--output-file', signature],
  );
  const publicKey = join(directory, 'public.pem');
  await writeFile(publicKey, key.publicKey.export({ type: 'spki', format: 'pem' }));
  await succeed(
    ...['openssl', 'dgst', '-sha256', '-verify', publicKey, '-signature', signature, data],
  );
  // Meanwhile this process uses the card as before.
  const own = await key.sign('RSA-SHA256', Buffer.from('other'), { pin });
  expect(verify('sha256', Buffer.from('other'), key.publicKey, own)).toBe(true);
  expect(warnings).toEqual([]);
});

test('a key that OpenSC makes on a published card is a key of our API', async () => {
  const { directory, manager, publish } = await storeWithReaders();
  const { pin, ...options } = cardOptions();
  const card = await manager.create({ ...options, pin });
  await using _publication = await publish();
  await inserted(FIRST_READER);
  await pkcs15Init(
    pin,
    ...['--generate-key', 'rsa/2048', '--label', 'made-outside', '--public-key-label', 'p'],
  );
  const [key] = await card.keys();
  expect(key?.algorithm).toBe('RSA-2048');
  if (!key) throw new Error('there is no key');
  const signature = await key.sign('RSA-SHA256', Buffer.from('data'), { pin });
  expect(verify('sha256', Buffer.from('data'), key.publicKey, signature)).toBe(true);
  const [data, theirs] = [join(directory, 'data'), join(directory, 'signature')];
  await writeFile(data, 'what is signed');
  await pkcs11Tool(
    pin,
    ...['--sign', '--mechanism', 'SHA256-RSA-PKCS', '--label', 'made-outside'],
    ...['--input-file', data, '--output-file', theirs],
  );
  const outside = await readFile(theirs);
  expect(verify('sha256', Buffer.from('what is signed'), key.publicKey, outside)).toBe(true);
});

test('ten cards are in ten readers, each with its own PIN, and sign at once', async () => {
  const { manager, publish } = await storeWithReaders();
  const cards = [];
  for (let number = 0; number < 10; number++) {
    const { pin, ...options } = cardOptions();
    const card = await manager.create({ ...options, pin });
    const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
    cards.push({ pin, card, key, reader: `Virtual Smart Card 00 0${number}` });
  }
  await using publication = await publish();
  expect(cards.map(({ card }) => publication.readerOf(card.instanceId))).toEqual(
    cards.map(({ reader }) => reader),
  );
  const began = performance.now();
  await Promise.all(
    cards.map(async ({ pin, key, reader }) => {
      const program = new PcscProgram();
      await program.connectWhenThere(reader);
      const digits = pin.toString('hex');
      expect(await program.transmit(`0020008008${digits}`)).toBe('9000');
      for (let round = 0; round < 10 || performance.now() - began < MILLISECONDS; round++) {
        const data = randomBytes(100);
        expect(await program.transmit('002241B60680010C840181')).toBe('9000');
        const digest = createHash('sha256').update(data).digest('hex');
        const answer = await program.transmit(`002A9E9A20${digest}00`);
        expect(answer).toMatch(/9000$/);
        const signature = Buffer.from(answer.slice(0, -4), 'hex');
        const publicKey = { key: key.publicKey, dsaEncoding: 'ieee-p1363' } as const;
        expect(verify('sha256', data, publicKey, signature)).toBe(true);
      }
    }),
  );
});
