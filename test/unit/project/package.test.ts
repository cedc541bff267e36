import { execFileSync } from 'node:child_process';
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
});
