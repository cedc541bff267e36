import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const DIST = new URL('../../dist/', import.meta.url).href;
const TRACER = fileURLToPath(new URL('children/trace-import.mjs', import.meta.url));

/** Each costs a third of a millisecond of every start: a new one has to be worth it. */
const MOST_FILES = 145;

/** What is loaded by the first call that needs it. */
const AT_FIRST_USE = [
  'audit/audit-trail.js',
  'backend/embedded/embedded-backend.js',
  'backend/pcsc/pcsc-backend.js',
  'backend/windows/windows-backend.js',
  'cms/signed-data.js',
  'diagnose/examine.js',
  'enroll/certificate-builder.js',
  'enroll/certs-only.js',
  'est/asking.js',
  'est/openssl-tunnel.js',
  'native.js',
  'pcsc/card-publisher.js',
  'pfx/pfx.js',
  'self-test/run-self-test.js',
  'serve/store-server.js',
  'ssh/agent-server.js',
  'ssh/signer.js',
];

/** What importing a module of the package loads: files of its own, as paths in dist/, and others. */
function loadedBy(module: string): { own: string[]; others: string[] } {
  const output = execFileSync(process.execPath, [TRACER, DIST + module], { encoding: 'utf8' });
  const { modules, required } = JSON.parse(output) as { modules: string[]; required: string[] };
  const isOwn = (url: string) => url.startsWith(DIST);
  return {
    own: modules.filter(isOwn).map((url) => url.slice(DIST.length)),
    others: [...modules.filter((url) => !isOwn(url) && !url.startsWith('node:')), ...required],
  };
}

test('importing the package loads what its classes and synchronous functions need, and no more', () => {
  const { own, others } = loadedBy('index.js');
  expect(own).toEqual(expect.arrayContaining(['index.js', 'manager.js', 'enroll/inf.js']));
  expect(own.filter((file) => AT_FIRST_USE.includes(file))).toEqual([]);
  expect(own.length).toBeLessThanOrEqual(MOST_FILES);
  // Neither the libraries that it depends on nor the addon.
  expect(others).toEqual([]);
});

test('what is loaded at first use is there, and is seen when it is loaded', () => {
  for (const file of AT_FIRST_USE) expect(loadedBy(file).own).toContain(file);
});
