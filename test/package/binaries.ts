import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Packed } from './packed.js';

const execute = promisify(execFile);

/** Registers the tests of the prebuilds, by what other programs read in them. */
export function testBinaries(packed: Packed): void {
  /** What a program says of one of the package's addons. */
  async function inspect(program: string, options: string[], platform: string): Promise<string> {
    const file = join(packed.unpacked, 'prebuilds', platform, 'virtual-smartcard.node');
    const maxBuffer = 64 * 1024 * 1024;
    return (await execute(program, [...options, file], { maxBuffer })).stdout;
  }

  const windows = (option: string) => inspect('x86_64-w64-mingw32-objdump', [option], 'win32-x64');
  const linux = (option: string) => inspect('readelf', ['--wide', option], 'linux-x64');

  test("Windows: it needs no DLL that is not Windows' own, and Node's functions of no file", async () => {
    const names = [...(await windows('-p')).matchAll(/DLL Name: (\S+)/g)].map(([, name]) => name);
    const own =
      /^(kernel32|advapi32|msvcrt|ole32|oleaut32|setupapi|user32|crypt32|rpcrt4|ntdll)\.dll$/i;
    expect(names).toContain('KERNEL32.dll');
    expect(names.filter((name) => !own.test(name ?? ''))).toEqual([]);
  });

  test("Windows: Node's functions are bound when called, by a hook that takes them from the program", async () => {
    const data = await windows('--full-contents');
    // The text columns of the dump, put together.
    const text = [...data.matchAll(/^ [0-9a-f]+ .{37}(.*)$/gm)].map(([, part]) => part).join('');
    expect(text.toLowerCase()).toContain('node.exe');
    expect(text).toContain('napi_create_function');
  });

  test('Windows: it is relocated, not executed as data, and says what it is to Node', async () => {
    const headers = await windows('-p');
    for (const flag of ['HIGH_ENTROPY_VA', 'DYNAMIC_BASE', 'NX_COMPAT']) {
      expect(headers).toContain(flag);
    }
    expect(headers).toContain('napi_register_module_v1');
    expect(headers).toContain('node_api_module_get_api_version_v1');
  });

  test('Linux: it needs the C and C++ libraries alone', async () => {
    const needed = [...(await linux('--dynamic')).matchAll(/NEEDED.*\[(.*)\]/g)].map(([, n]) => n);
    const own = /^lib(stdc\+\+\.so\.6|gcc_s\.so\.1|c\.so\.6|m\.so\.6|dl\.so\.2|pthread\.so\.0)$/;
    expect(needed).toContain('libstdc++.so.6');
    expect(needed.filter((name) => !own.test(name ?? ''))).toEqual([]);
  });

  test('Linux: it is bound at once, never unmapped, and its stack is not executed', async () => {
    expect(await linux('--dynamic')).toMatch(/Flags: NOW NODELETE/);
    const segments = await linux('--segments');
    expect(segments).toMatch(/GNU_STACK .* RW /);
    expect(segments).toContain('GNU_RELRO');
  });

  test('Linux: it has the two functions that Node looks for, and shows nothing else of its own', async () => {
    const symbols = await linux('--dyn-syms');
    const shown = [...symbols.matchAll(/FUNC +GLOBAL +DEFAULT +\d+ (\S+)$/gm)].map(([, n]) => n);
    expect(shown.sort()).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
  });
}
