import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { MINGW_COMPILER } from '../../../scripts/support/mingw.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SOURCE = 'test/windows-lab/authority/interfaces.cc';
const HEADER = 'windows/certrequest/certcli.h';

/** What the compiler says of the comparison of MinGW's header with ours, or with another one. */
function compare(header = readFileSync(join(ROOT, 'native', HEADER), 'utf8')): string {
  const folder = mkdtempSync(join(tmpdir(), 'vsc-interfaces-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(dirname(join(folder, HEADER)), { recursive: true });
  writeFileSync(join(folder, HEADER), header);
  const args = ['-std=c++17', '-fsyntax-only', `-I${folder}`, '-Inative', SOURCE];
  return spawnSync(MINGW_COMPILER, args, { cwd: ROOT, encoding: 'utf8' }).stderr;
}

/** Our header without what it checks itself, and with a change. */
function changed(from: RegExp, to: (found: string) => string): string {
  const ours = readFileSync(join(ROOT, 'native', HEADER), 'utf8');
  const unchecked = ours.replace(/^static_assert\([^;]*;\n/gm, '');
  return unchecked.replace(from, to);
}

it('ICertRequest and ICertConfig are declared as others have them: places, arguments, numbers', () => {
  expect(compare()).toBe('');
  const swapped = changed(/GetLastStatus|GetRequestId/g, (name) =>
    name === 'GetRequestId' ? 'GetLastStatus' : 'GetRequestId',
  );
  expect(compare(swapped)).toContain('failed: GetRequestId');
  const shorter = changed(/LONG flags, BSTR\* config/, () => 'BSTR* config');
  expect(compare(shorter)).toContain('failed: GetConfig');
  const otherNumber = changed(/kOutChain = 0x100/, () => 'kOutChain = 0x200');
  expect(compare(otherNumber)).toContain('CR_OUT_CHAIN');
});
