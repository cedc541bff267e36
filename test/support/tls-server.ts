import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import type { EstCa } from './est-ca.js';
import { freePort } from './sshd.js';

/**
 * `openssl s_server` on a port of the loopback, which ends the handshake of everybody who has no
 * certificate of the CA, with an alert; stopped when the test ends.
 *
 * @returns its URL
 */
export async function strictTlsServer(ca: EstCa): Promise<string> {
  const { certificate, privateKey } = await ca.pair(
    '/CN=localhost',
    'subjectAltName=DNS:localhost',
  );
  await writeFile(ca.path('strict.pem'), certificate + privateKey);
  const port = await freePort();
  const own = ['-accept', `127.0.0.1:${port}`, '-cert', 'strict.pem', '-CAfile', 'ca.pem'];
  const strict = ['-Verify', '1', '-verify_return_error', '-www'];
  const child = spawn('openssl', ['s_server', ...own, ...strict], { cwd: ca.path('') });
  onTestFinished(() => {
    child.kill();
  });
  // It says ACCEPT when it listens.
  await once(child.stdout, 'data');
  return `https://localhost:${port}`;
}
