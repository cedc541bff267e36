import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { VirtualSmartCardError } from '../../lib/errors.js';
import { loadNative, loadNativeFrom } from '../../lib/native.js';
import { explainLoadFailure } from '../../lib/native-load-failure.js';
import { ADDON, temporaryDirectory } from './support.js';

/** A package directory that holds one file. */
function packageWith(path: string, content: Buffer): string {
  const root = temporaryDirectory();
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"name":"virtual-smartcard"}');
  writeFileSync(join(root, path), content);
  return root;
}

/** The message of the error with which loading from there fails. */
function failureOf(root: string): string {
  try {
    loadNativeFrom(root);
  } catch (error) {
    expect(VirtualSmartCardError.is(error, 'ERR_NATIVE_ADDON')).toBe(true);
    return (error as Error).message;
  }
  throw new Error('It was loaded.');
}

/** The addon with a text replaced by another of the same length. */
function patched(from: RegExp, to: string): Buffer {
  const text = readFileSync(ADDON, 'latin1');
  const changed = text.replace(from, (found) => {
    expect(found.length).toBe(to.length);
    return to;
  });
  expect(changed).not.toBe(text);
  return Buffer.from(changed, 'latin1');
}

const FILE = 'build/Release/virtual_smartcard.node';

test('the addon is loaded once, and offers its functions', () => {
  const native = loadNative();
  expect(loadNative()).toBe(native);
  expect(Object.keys(native).sort()).toEqual([
    'acknowledgeAtOnce',
    'connectCard',
    'listReaders',
    'lockFile',
    'openDevice',
    'openLibtpms',
    'peerUser',
    'watchReaders',
  ]);
});

test('a prebuild for this platform is found where prebuildify puts it', () => {
  const root = packageWith('README', Buffer.alloc(0));
  const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  mkdirSync(folder, { recursive: true });
  copyFileSync(ADDON, join(folder, 'virtual-smartcard.node'));
  const lock = loadNativeFrom(root).lockFile(join(root, 'lock'));
  expect(() => loadNative().lockFile(join(root, 'lock'))).toThrow(
    expect.objectContaining({ code: 'LOCK_HELD' }),
  );
  lock.release();
});

test('a package that was not built says how to build it', () => {
  const message = failureOf(packageWith('README', Buffer.alloc(0)));
  expect(message).toContain('has not been built');
  expect(message).toContain('npx node-gyp rebuild');
});

test('prebuilds for other platforms are named', () => {
  const message = failureOf(packageWith('prebuilds/sunos-sparc/a.node', Buffer.alloc(9)));
  expect(message).toContain(`no prebuild for ${process.platform}-${process.arch}`);
  expect(message).toContain('sunos-sparc/a.node');
});

test.each([
  ['a text', Buffer.from('not an addon at all, but long enough for a header'.repeat(9))],
  ['an empty file', Buffer.alloc(0)],
  ['the beginning of the addon', readFileSync(ADDON).subarray(0, 40)],
])('a damaged file is called damaged: %s', (_, content) => {
  expect(failureOf(packageWith(FILE, content))).toContain('The file is damaged');
});

test('an addon for another processor is called that', () => {
  const foreign = Buffer.from(readFileSync(ADDON));
  // ELF header: EI_CLASS, one for 32 bits.
  foreign[4] = foreign[4] === 1 ? 2 : 1;
  const message = failureOf(packageWith(FILE, foreign));
  expect(message).toContain('another processor architecture');
  expect(message).toContain(process.arch);
});

test('a glibc that is too old is named, with the version that is needed', () => {
  const content = patched(/GLIBC_2\.\d\d(?=\0)/, 'GLIBC_2.99');
  const message = failureOf(packageWith(FILE, content));
  expect(message).toContain('needs GLIBC_2.99');
  expect(message).toMatch(/glibc \d+\.\d+\) is older/);
});

test('a libstdc++ that is too old is named', () => {
  const content = patched(/GLIBCXX_3\.4\.\d\d(?=\0)/, 'GLIBCXX_3.4.99');
  expect(failureOf(packageWith(FILE, content))).toContain('libstdc++ is older');
});

test('a missing libstdc++ is named, with the package to install', () => {
  const content = patched(/libstdc\+\+\.so\.6/g, 'libstdc++.so.9');
  expect(failureOf(packageWith(FILE, content))).toContain('apt install libstdc++6');
});

// What other platforms' loaders say cannot be brought about here.
test.each([
  ['dlopen(x.node): mach-o file, but is an incompatible architecture', 'another processor'],
  ['\\\\?\\C:\\x.node is not a valid Win32 application.', 'another processor'],
  ['The specified module could not be found.\n\\\\?\\C:\\x.node', 'Visual C++ Redistributable'],
  ['Error relocating x.node: __memcpy_chk: symbol not found', 'uses musl'],
  ['Error loading shared library libc.so.6: No such file', 'uses musl'],
  ['libc.musl-x86_64.so.1: cannot open shared object file: No such file', 'uses glibc'],
  ['x.node: failed to map segment from shared object', 'noexec'],
  ['x.node: cannot open shared object file: Permission denied', 'Correct its permissions'],
  ['Module did not self-register: x.node', 'Node 20.19 or later'],
  ["Cannot find module 'node-gyp-build'", 'npm install'],
  ['something new', 'something new'],
])('explains %j', (said, explanation) => {
  const error = explainLoadFailure(new Error(said), { root: '/package', file: '/package/x.node' });
  expect(error.code).toBe('ERR_NATIVE_ADDON');
  expect(error.message).toContain('/package/x.node');
  expect(error.message).toContain(explanation);
});
