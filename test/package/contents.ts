import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Packed } from './packed.js';

const CLONE = fileURLToPath(new URL('../../', import.meta.url));

const PREBUILDS = [
  'prebuilds/linux-x64/virtual-smartcard.node',
  'prebuilds/linux-x64/virtual-smartcard-ifd.so',
  'prebuilds/win32-x64/virtual-smartcard.node',
];

/** What may be in the package; there is nothing else in it. */
const ALLOWED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|binding\.gyp|CMakeLists\.txt)$/,
  /^dist\/.*\.(js|d\.ts)(\.map)?$/,
  /^lib\/.*\.ts$/,
  /^native\/.*\.(cc|h)$/,
  /^prebuilds\/README\.md$/,
  /^prebuilds\/[a-z0-9]+-[a-z0-9]+\/virtual-smartcard(\.(glibc|musl))?\.node$/,
  /^prebuilds\/linux-[a-z0-9]+\/virtual-smartcard-ifd\.so$/,
  /^docs\/[a-z-]+\.md$/,
  /^examples\/([a-z-]+\.mjs|request\.inf|virtual-smartcard\.service)$/,
];

/** Bytes: at least, at most. Growth beyond that is to be meant. */
const SIZES: [RegExp, number, number][] = [
  [/^prebuilds\/linux-.*\.node$/, 100_000, 500_000],
  [/^prebuilds\/win32-.*\.node$/, 300_000, 1_500_000],
  [/^prebuilds\/linux-.*\.so$/, 20_000, 200_000],
  [/^(lib|native)\//, 1, 40_000],
  [/^dist\//, 1, 60_000],
  [/^(docs|examples|prebuilds)\/[^/]*$/, 1, 60_000],
  [/^[^/]+$/, 1, 20_000],
];
const LARGEST_TARBALL = 2_000_000;
const LARGEST_UNPACKED = 7_000_000;

/** What keys and access tokens look like. */
const SECRETS = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /_authToken/,
  /\bnpm_[A-Za-z0-9]{36}\b/,
  /\bgh[a-z]_[A-Za-z0-9]{36}\b/,
  /\bAKIA[0-9A-Z]{16}\b/,
];

/** Registers the tests of what is in the package. */
export function testContents(packed: Packed): void {
  const names = () => [...packed.files.keys()].sort();
  const contentOf = (name: string) => readFileSync(join(packed.unpacked, name), 'latin1');

  test('everything in it is of a kind that belongs there', () => {
    const strangers = names().filter((name) => !ALLOWED.some((pattern) => pattern.test(name)));
    expect(strangers).toEqual([]);
  });

  test('it has the prebuilds, what builds the addon anew, the documents, and what package.json names', () => {
    const { types, bin, exports } = JSON.parse(contentOf('package.json'));
    const named = [types, bin['virtual-smartcard'], ...Object.values<string>(exports['.'])];
    expect(names()).toEqual(
      expect.arrayContaining([
        ...named.map((path: string) => path.replace('./', '')),
        ...PREBUILDS,
        ...['binding.gyp', 'CMakeLists.txt', 'native/addon.cc', 'native/posix/libtpms.cc'],
        ...['native/windows/platform.cc', 'native/delay-load/host_module_hook.cc', 'lib/index.ts'],
        ...['README.md', 'LICENSE', 'CHANGELOG.md', 'prebuilds/README.md', 'examples/request.inf'],
        ...['api', 'cli', 'security', 'troubleshooting', 'windows'].map(
          (name) => `docs/${name}.md`,
        ),
      ]),
    );
  });

  test('dist/ is what lib/ compiles to, no more and no less', () => {
    const compiled = names()
      .filter((name) => /^lib\/.*\.ts$/.test(name))
      .flatMap((name) => {
        const stem = name.replace(/^lib/, 'dist').replace(/\.ts$/, '');
        return ['.d.ts', '.js', '.js.map'].map((ending) => stem + ending);
      });
    expect(names().filter((name) => name.startsWith('dist/'))).toEqual(compiled.sort());
  });

  test('every file, and the whole, is of a size that it should have', () => {
    const wrong = [...packed.files].filter(([name, size]) => {
      const bounds = SIZES.find(([pattern]) => pattern.test(name));
      return !bounds || size < bounds[1] || size > bounds[2];
    });
    expect(wrong).toEqual([]);
    const unpacked = [...packed.files.values()].reduce((sum, size) => sum + size, 0);
    expect(unpacked).toBeLessThan(LARGEST_UNPACKED);
    expect(statSync(packed.tarball).size).toBeLessThan(LARGEST_TARBALL);
  });

  test('no file has a secret in it, or the place where it was built', () => {
    const home = process.env['HOME'] ?? '';
    const places = [CLONE, ...(home.length > '/home'.length ? [`${home}/`] : [])];
    const found = names().filter((name) => {
      const content = contentOf(name);
      return (
        SECRETS.some((pattern) => pattern.test(content)) ||
        places.some((place) => content.includes(place))
      );
    });
    expect(found).toEqual([]);
  });
}
