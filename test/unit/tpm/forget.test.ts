import { createHash, randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { freshTpm } from './support/test-tpm.js';

/** Copies in the variables of libtpms. */
async function copiesInLibtpms(value: Buffer): Promise<number> {
  const maps = (await readFile('/proc/self/maps', 'latin1')).split('\n');
  const last = maps.findLastIndex((line) => line.includes('libtpms.so'));
  const first = maps.findIndex((line) => line.includes('libtpms.so'));
  // Behind the file's own mappings the variables that start as zero have one without a name.
  const writable = maps.slice(first, last + 2).filter((line) => / rw-p /.test(line));
  const memory = await open('/proc/self/mem', 'r');
  let copies = 0;
  try {
    for (const line of writable) {
      const [start = 0, end = 0] = (line.split(' ')[0] ?? '')
        .split('-')
        .map((hex) => Number.parseInt(hex, 16));
      const bytes = Buffer.alloc(end - start);
      await memory.read(bytes, 0, bytes.length, start);
      for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1)) copies += 1;
      bytes.fill(0);
    }
  } finally {
    await memory.close();
  }
  return copies;
}

test('forget leaves no copy in the software TPM, whose variables keep them otherwise', async () => {
  const tpm = await freshTpm('libtpms');
  const authValue = randomBytes(32);
  const digest = createHash('sha256').update('any').digest();
  const key = tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped);
  await key.ecdsaSign(digest, authValue);
  await key.release();
  expect(await copiesInLibtpms(authValue)).toBeGreaterThan(0);
  await tpm.forget(authValue);
  expect(await copiesInLibtpms(authValue)).toBe(0);
});
