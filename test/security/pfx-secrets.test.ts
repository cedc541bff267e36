import { spawn } from 'node:child_process';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { occurrences, takeCore } from '../support/core-file.js';
import { OpensslCa } from '../support/openssl-ca.js';
import { randomPin, temporaryDirectory } from '../support/store.js';
import { Swtpm } from '../support/swtpm.js';

const CHILD = fileURLToPath(new URL('children/pfx-child.mjs', import.meta.url));

test.each([
  ['as openssl makes it today', []],
  ['with triple DES', ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES']],
])(
  'a core after a PFX (%s) was imported holds neither password nor key',
  async (_name, options) => {
    const [directory, cores] = [await temporaryDirectory(), await temporaryDirectory()];
    const swtpm = await Swtpm.start();
    onTestFinished(() => swtpm.remove());
    const password = randomBytes(12).toString('hex');
    const ca = await OpensslCa.make(await temporaryDirectory(), 'EC');
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const files = ['-keyout', 'jo.key', '-out', 'jo.pem'];
    await ca.openssl('req', '-x509', ...ec, '-subj', '/CN=Jo', ...files);
    const parts = ['-inkey', 'jo.key', '-in', 'jo.pem', '-out', 'jo.pfx'];
    await ca.openssl('pkcs12', '-export', ...parts, '-passout', `pass:${password}`, ...options);

    const words = [directory, swtpm.address, join(ca.directory, 'jo.pfx')];
    const child = spawn(process.execPath, [CHILD, ...words], {
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    });
    onTestFinished(() => void child.kill());
    const input = child.stdio[3] as Writable;
    input.end(Buffer.concat([randomPin(12), Buffer.from(password)]));
    const [said] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    expect(String(said)).toBe('CN=Jo\n');

    const core = await takeCore(child.pid ?? 0, cores);
    const { d = '' } = createPrivateKey(await ca.read('jo.key')).export({ format: 'jwk' });
    const utf16 = Buffer.from(password, 'utf16le');
    const found: string[] = [];
    for (const [name, value] of [
      ['password', Buffer.from(password)],
      ['password in UTF-16', utf16],
      ['password in UTF-16, the high byte first', Buffer.from(utf16).swap16()],
      ['key', Buffer.from(d, 'base64url')],
    ] as const) {
      if ((await occurrences(core, value)) > 0) found.push(name);
    }
    expect(found).toEqual([]);
    // That a core does show what a process holds.
    expect(await occurrences(core, Buffer.from('CN=Jo'))).toBeGreaterThan(0);
  },
);
