import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { MINGW_COMPILER } from '../../../scripts/support/mingw.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CERTCLI = {
  source: 'test/windows-lab/authority/interfaces.cc',
  header: 'windows/certrequest/certcli.h',
};
const RUNTIME = {
  source: 'test/windows-lab/attestation/interfaces.cc',
  header: 'windows/winrt/runtime_interfaces.h',
};

/** What the compiler says of the comparison of MinGW's header with ours, or with another one. */
function compare({ source, header }: typeof CERTCLI, text = read(header)): string {
  const folder = mkdtempSync(join(tmpdir(), 'vsc-interfaces-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(dirname(join(folder, header)), { recursive: true });
  writeFileSync(join(folder, header), text);
  const args = ['-std=c++17', '-fsyntax-only', `-I${folder}`, '-Inative', source];
  return spawnSync(MINGW_COMPILER, args, { cwd: ROOT, encoding: 'utf8' }).stderr;
}

function read(header: string): string {
  return readFileSync(join(ROOT, 'native', header), 'utf8');
}

/** Our header without what it checks itself, and with a change. */
function changed({ header }: typeof CERTCLI, from: RegExp, to: (found: string) => string): string {
  const unchecked = read(header).replace(/^static_assert\([^;]*;\n/gm, '');
  return unchecked.replace(from, to);
}

it('ICertRequest and ICertConfig are declared as others have them: places, arguments, numbers', () => {
  expect(compare(CERTCLI)).toBe('');
  const swapped = changed(CERTCLI, /GetLastStatus|GetRequestId/g, (name) =>
    name === 'GetRequestId' ? 'GetLastStatus' : 'GetRequestId',
  );
  expect(compare(CERTCLI, swapped)).toContain('failed: GetRequestId');
  const shorter = changed(CERTCLI, /LONG flags, BSTR\* config/, () => 'BSTR* config');
  expect(compare(CERTCLI, shorter)).toContain('failed: GetConfig');
  const otherNumber = changed(CERTCLI, /kOutChain = 0x100/, () => 'kOutChain = 0x200');
  expect(compare(CERTCLI, otherNumber)).toContain('CR_OUT_CHAIN');
});

it('IInspectable and IAsyncInfo are declared as others have them: places, numbers', () => {
  expect(compare(RUNTIME)).toBe('');
  const swapped = changed(RUNTIME, /get_Status|get_ErrorCode/g, (name) =>
    name === 'get_Status' ? 'get_ErrorCode' : 'get_Status',
  );
  expect(compare(RUNTIME, swapped)).toContain('failed: get_Status');
  const otherNumber = changed(RUNTIME, /kError = 3/, () => 'kError = 4');
  expect(compare(RUNTIME, otherNumber)).toContain('kError');
});
