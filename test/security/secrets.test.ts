import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AdminKey } from '../../lib/index.js';
import { Tpm } from '../../lib/tpm/tpm.js';
import { expectError } from '../support/expect-error.js';
import {
  cardOptions,
  openManager,
  otherPin,
  randomPin,
  temporaryDirectory,
} from '../support/store.js';

/** All files below a directory, as one buffer each. */
async function filesBelow(directory: string): Promise<{ path: string; content: Buffer }[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  return Promise.all(paths.map(async (path) => ({ path, content: await readFile(path) })));
}

/** The forms in which a careless program leaves a secret behind. */
function formsOf(secret: Buffer): Map<string, Buffer> {
  const text = secret.toString('latin1');
  const forms = new Map<string, Buffer>([
    ['bytes', secret],
    ['UTF-16LE', Buffer.from(text, 'utf16le')],
    ['UTF-16BE', Buffer.from(text, 'utf16le').swap16()],
    ['hexadecimal', Buffer.from(secret.toString('hex'))],
    ['upper-case hexadecimal', Buffer.from(secret.toString('hex').toUpperCase())],
    ['base64', Buffer.from(secret.toString('base64').replace(/=+$/, ''))],
  ]);
  for (const hash of ['md5', 'sha1', 'sha256', 'sha384', 'sha512']) {
    const digest = createHash(hash).update(secret).digest();
    forms.set(hash, digest);
    forms.set(`${hash} in hexadecimal`, Buffer.from(digest.toString('hex')));
  }
  return forms;
}

function findings(content: Buffer, secrets: Record<string, Buffer>): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    [...formsOf(secret)].filter(([, form]) => content.includes(form)).map(([f]) => `${name}: ${f}`),
  );
}

test('the search below finds what it looks for', () => {
  const secret = randomPin(12);
  for (const form of formsOf(secret).values()) {
    expect(
      findings(Buffer.concat([randomBytes(50), form, randomBytes(50)]), { secret }),
    ).not.toEqual([]);
  }
});

test('neither PIN, PUK, admin key, authorisation value nor private key is in the state directory', async () => {
  let authorization: Buffer | undefined;
  const importKey = Tpm.prototype.importKey;
  vi.spyOn(Tpm.prototype, 'importKey').mockImplementation(function (this: Tpm, key, authValue) {
    authorization = Buffer.from(authValue);
    return importKey.call(this, key, authValue);
  });
  const warnings: string[] = [];
  const write = (text: string | Uint8Array) => warnings.push(String(text)) > 0;
  const logs = [
    vi.spyOn(process.stdout, 'write').mockImplementation(write),
    vi.spyOn(process.stderr, 'write').mockImplementation(write),
  ];
  onTestFinished(() => void vi.restoreAllMocks());
  const directory = await temporaryDirectory();
  // Long enough that none of them turns up by chance.
  const [pin, newPin, puk] = [randomPin(12), randomPin(12), randomPin(12)];
  const adminKey = AdminKey.random();
  const { privateKey } = await import('node:crypto').then((crypto) =>
    crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
  );
  const manager = await openManager(directory);
  const card = await manager.create(cardOptions({ pin, puk, adminKey, allowKeyImport: true }));
  const key = await card.importKey({ privateKey }, { pin });
  await key.sign('RSA-SHA256', 'data', { pin });
  const failures = [
    await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT'),
    await expectError(card.unblock({ puk: otherPin(puk), newPin }), 'ERR_PUK_INCORRECT'),
  ];
  await card.changePin(pin, newPin);
  const jwk = privateKey.export({ format: 'jwk' });
  const secrets = {
    pin,
    newPin,
    puk,
    wrongPin: otherPin(pin),
    wrongPuk: otherPin(puk),
    adminKey: adminKey.exportBytes(),
    authorization: authorization ?? Buffer.alloc(0),
    prime1: Buffer.from(jwk.p ?? '', 'base64url'),
    prime2: Buffer.from(jwk.q ?? '', 'base64url'),
    exponent: Buffer.from(jwk.d ?? '', 'base64url'),
  };
  expect(secrets.authorization).toHaveLength(32);
  const check = async (when: string) => {
    for (const { path, content } of await filesBelow(directory)) {
      expect(findings(content, secrets), `${path} ${when}`).toEqual([]);
    }
  };
  await check('while the card is in use');
  await manager.close();
  await check('after the manager was closed');
  for (const log of logs) log.mockRestore();
  const texts = failures.map((error) => `${error.message} ${error.stack} ${JSON.stringify(error)}`);
  expect(findings(Buffer.from([...warnings, ...texts].join('\n')), secrets)).toEqual([]);
});
