import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A program that uses the package by its name, from within: Node resolves it by its own exports. */
function node(...args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
}

describe('the package', () => {
  it('is imported and required by its name, and is one either way', () => {
    const program = `
      const required = require('virtual-smartcard');
      import('virtual-smartcard').then((imported) => {
        console.log(required.VirtualSmartCardError === imported.VirtualSmartCardError);
        console.log(Object.keys(imported).sort().join());
      });`;
    const [same, names] = node('--input-type=commonjs', '--eval', program).split('\n');
    expect(same).toBe('true');
    expect(names?.split(',')).toEqual(
      expect.arrayContaining(['AdminKey', 'PinPolicy', 'VirtualSmartCardManager', 'parseInf']),
    );
  });

  it('neither loads its addon nor says anything until it is used', () => {
    const program = `
      import 'virtual-smartcard';
      const addons = process.report.getReport().sharedObjects.filter((path) => path.includes('virtual'));
      console.log(JSON.stringify(addons));`;
    expect(node('--input-type=module', '--eval', program)).toBe('[]\n');
  });

  it('packs what it names, what builds it, and no tests', () => {
    const command = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const listing = execFileSync('npm', command, { cwd: ROOT, encoding: 'utf8' });
    const [{ files }] = JSON.parse(listing) as [{ files: { path: string }[] }];
    const packed = files.map(({ path }) => path);
    const { types, bin, exports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
    const named = [types, bin['virtual-smartcard'], ...Object.values(exports['.'])];
    expect(packed).toEqual(
      expect.arrayContaining([
        ...named.map((path: string) => path.replace('./', '')),
        ...['binding.gyp', 'native/addon.cc', 'native/posix/libtpms.cc', 'lib/index.ts'],
        ...['README.md', 'LICENSE', 'CHANGELOG.md', 'docs/security.md', 'examples/request.inf'],
      ]),
    );
    const strangers = packed.filter((path) =>
      /^(test|bench|scripts|build|node_modules)\//.test(path),
    );
    expect(strangers).toEqual([]);
  });
});
