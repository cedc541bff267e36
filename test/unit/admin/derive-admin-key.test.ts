import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { deriveAdminKey, isWeak } from '../../../lib/admin/derive-admin-key.js';
import { AdminKey } from '../../../lib/index.js';

/** KBKDF of OpenSSL 3: SP 800-108 in counter mode, with label as salt and context as info. */
function byOpenssl(masterKey: Uint8Array, context: Uint8Array): string {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const options = {
    ...{ mac: 'HMAC', digest: 'SHA256', mode: 'COUNTER', hexkey: hex(masterKey) },
    ...{ hexsalt: hex(Buffer.from('virtual-smartcard admin key')), hexinfo: hex(context) },
  };
  const words = Object.entries(options).flatMap(([name, value]) => ['-kdfopt', `${name}:${value}`]);
  const key = execFileSync('openssl', ['kdf', '-keylen', '24', '-binary', ...words, 'KBKDF']);
  return key.toString('hex');
}

test.each([
  ['a text', 32, 'laptop-4711'],
  ['one beyond ASCII', 64, 'Zürich, 東京'],
  ['a card id', 48, '3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
  ['bytes with NULs', 32, Buffer.from([0, 1, 0, 255])],
  ['one byte and a long master key', 1024, Buffer.from([7])],
  ['as long as it may be', 33, randomBytes(1024)],
])('OpenSSL derives the same key for %s', (_what, length, diversifier) => {
  const masterKey = randomBytes(length);
  const expected = byOpenssl(masterKey, Buffer.from(diversifier));
  using key = AdminKey.derive(masterKey, diversifier);
  expect(key.exportHex()).toBe(expected);
  expect(AdminKey.derive(masterKey, diversifier).exportHex()).toBe(expected);
});

test('another diversifier or master key gives another key', () => {
  const masterKey = randomBytes(32);
  const keys = [
    AdminKey.derive(masterKey, 'a'),
    AdminKey.derive(masterKey, 'b'),
    AdminKey.derive(masterKey, 'A'),
    AdminKey.derive(masterKey, 'a\0'),
    AdminKey.derive(randomBytes(32), 'a'),
  ];
  expect(new Set(keys.map((key) => key.exportHex())).size).toBe(keys.length);
});

test('the master key stays as it was, and is needed no more', () => {
  const masterKey = randomBytes(32);
  const before = Buffer.from(masterKey);
  const key = AdminKey.derive(masterKey, 'card');
  expect(masterKey).toEqual(before);
  const hex = key.exportHex();
  masterKey.fill(0);
  expect(key.exportHex()).toBe(hex);
});

test.each([
  ['masterKey', randomBytes(31), 'card'],
  ['masterKey', randomBytes(1025), 'card'],
  ['masterKey', 'a password of thirty-two letters', 'card'],
  ['masterKey', undefined, 'card'],
  ['diversifier', randomBytes(32), ''],
  ['diversifier', randomBytes(32), 'x'.repeat(1025)],
  ['diversifier', randomBytes(32), 4711],
  ['diversifier', randomBytes(32), undefined],
])('a wrong %s is refused', (parameter, masterKey, diversifier) => {
  expect(() => deriveAdminKey(masterKey, diversifier)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', parameter }),
  );
});

const [A, B, C] = ['0123456789abcdef', '23456789abcdef01', '456789abcdef0123'] as const;

test.each([
  ['of three parts is strong', [A, B, C], false],
  ['of zeros', ['0000000000000000', '0000000000000000', '0000000000000000'], true],
  ['whose first and second part are equal', [A, A, C], true],
  ['whose second and third part are equal', [A, B, B], true],
  ['whose first and third part are equal', [A, B, A], true],
  ['whose parts are equal but for parity', [A, '0022446688aaccee', C], true],
  ['with a weak part, whatever its parity', [A, B, '0000000000000000'], true],
  ['with a semi-weak part', ['fe01fe01fe01fe01', B, C], true],
])('a key %s', (_what, parts, weak) => {
  expect(isWeak(Buffer.from(parts.join(''), 'hex'))).toBe(weak);
});
