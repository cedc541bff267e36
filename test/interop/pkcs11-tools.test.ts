import { constants, publicEncrypt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProgram } from '../support/cli.js';
import { expectError } from '../support/expect-error.js';
import {
  FIRST_READER,
  file,
  inserted,
  OPENSC_MODULE,
  pkcs11Tool,
  storeWithReaders,
  succeed,
  succeedWith,
} from '../support/opensc.js';
import { cardOptions, otherPin, randomPin } from '../support/store.js';

/** p11tool wants a path. */
const MODULE_PATH = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/${OPENSC_MODULE}`;

async function publishedCard() {
  const store = await storeWithReaders();
  const { pin, ...options } = cardOptions();
  const card = await store.manager.create({ ...options, pin });
  const key = await card.createKey({ algorithm: 'RSA-2048', container: 'mail' }, { pin });
  const signing = { algorithm: 'RSA-2048', container: 'signing', keySpec: 'signature' } as const;
  await card.createKey(signing, { pin });
  return { ...store, card, key, pin };
}

test("pkcs11-tool's own tests find no fault, and it decrypts", async () => {
  const { directory, publish, key, pin } = await publishedCard();
  await using _publication = await publish();
  await inserted(FIRST_READER);
  const { stdout, stderr } = await pkcs11Tool(pin, '--test');
  expect(stdout).toContain('all 4 signature functions seem to work');
  expect(stdout).toMatch(/Decryption.*\n +testing key 0 \(mail\)\s+RSA-PKCS: OK/);
  expect(stdout).not.toMatch(/FAIL|mismatch/i);
  // The card gives no random numbers, and OpenSC's driver for it asks for none.
  expect(stderr.match(/^ +ERR:.*$/gm)).toEqual([
    '  ERR: C_GenerateRandom failed: CKR_FUNCTION_NOT_SUPPORTED (0x54)',
  ]);

  const secret = Buffer.from('a secret of the sender');
  const padding = constants.RSA_PKCS1_PADDING;
  const encrypted = publicEncrypt({ key: key.publicKey, padding }, secret);
  const out = join(directory, 'out');
  await pkcs11Tool(
    pin,
    ...['--decrypt', '--mechanism', 'RSA-PKCS', '--label', 'mail'],
    ...['--input-file', await file(directory, 'in', encrypted), '--output-file', out],
  );
  expect((await readFile(out)).equals(secret)).toBe(true);
});

test('pkcs15-tool changes the PIN; a wrong one counts, and blocks as on any card', async () => {
  const { publish, card, pin } = await publishedCard();
  await using _publication = await publish();
  await inserted(FIRST_READER);
  const changing = ['pkcs15-tool', '--reader', FIRST_READER, '--change-pin', '--auth-id', '80'];
  const next = randomPin(9);
  await succeed(...changing, '--pin', pin.toString(), '--new-pin', next.toString());
  await expectError(card.verifyPin(pin), 'ERR_PIN_INCORRECT');
  await card.verifyPin(next);
  await card.logout();
  const attempt = () =>
    runProgram([...changing, '--pin', otherPin(next).toString(), '--new-pin', '12345678']);
  expect((await attempt()).exitCode).not.toBe(0);
  expect(await card.pinTries()).toEqual({ left: 4, max: 5 });
  for (let time = 0; time < 4; time++) await attempt();
  expect((await card.pinTries()).left).toBe(0);
  const login = [
    'pkcs11-tool',
    '--module',
    OPENSC_MODULE,
    '--login',
    '--pin',
    next.toString(),
    '-O',
  ];
  const refused = await runProgram(login);
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toContain('CKR_PIN_LOCKED');
});

test('GnuTLS p11tool lists the keys and signs with them', async () => {
  const { publish, pin } = await publishedCard();
  await using _publication = await publish();
  await inserted(FIRST_READER);
  const p11tool = (...words: string[]) =>
    succeedWith({ GNUTLS_PIN: pin.toString() }, 'p11tool', '--provider', MODULE_PATH, ...words);
  const [url = ''] = (await p11tool('--list-token-urls')).stdout.split('\n');
  expect(url).toContain('token=GIDS%20card');
  const listed = (await p11tool('--login', '--list-privkeys', url)).stdout;
  expect(listed.match(/^\tType: .*$|^\tLabel: .*$/gm)).toEqual([
    '\tType: Private key (RSA-2048)',
    '\tLabel: mail',
    '\tType: Private key (RSA-2048)',
    '\tLabel: signing',
  ]);
  for (const object of ['mail', 'signing']) {
    const key = `${url};object=${object};type=private`;
    const { stderr } = await p11tool('--login', '--test-sign', key);
    expect(stderr).toContain('Verifying against public key in the token... ok');
  }
});
