import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { VirtualSmartCardError } from '../errors.js';
import { UnexpectedResult } from './failure.js';

/** A certificate in the user's store: with a link to its key, without one, or not there. */
export type StoreEntry = 'linked' | 'unlinked' | 'missing';

/** Runs a program to its end and resolves to what it wrote. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<string>;

const WORDS: readonly string[] = ['linked', 'unlinked', 'missing'] satisfies StoreEntry[];

/**
 * Looks certificates up in the user's store "My" by Windows' own PowerShell: not by this library's
 * code, which put them there. The look opens no key, so that no PIN is asked for.
 *
 * @param thumbprints - SHA-1, hexadecimal
 * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` where there is no PowerShell that answers
 */
export async function readUserStore(
  thumbprints: readonly string[],
  run: RunProgram = runProgram,
): Promise<StoreEntry[]> {
  for (const each of thumbprints) {
    if (!/^[0-9A-F]{40}$/.test(each)) throw new UnexpectedResult('A thumbprint has another form.');
  }
  const script = `
foreach ($thumbprint in ${thumbprints.map((each) => `'${each}'`).join(', ')}) {
  $path = 'Cert:\\CurrentUser\\My\\' + $thumbprint
  $found = Get-Item -LiteralPath $path -ErrorAction SilentlyContinue
  if (-not $found) { 'missing' } elseif ($found.HasPrivateKey) { 'linked' } else { 'unlinked' }
}`;
  const encoded = Buffer.from(script, 'utf16le').toString('base64');
  const args = ['-NoProfile', '-NonInteractive', '-EncodedCommand', encoded];
  const output = await run(powerShell(), args).catch((cause: unknown) => {
    throw noAnswer('cannot be run', cause);
  });
  const entries = output.split(/\s+/).filter((word) => word !== '');
  const isAnswer =
    entries.length === thumbprints.length && entries.every((word) => WORDS.includes(word));
  if (!isAnswer) throw noAnswer('does not answer');
  return entries as StoreEntry[];
}

/** By its full path: nothing of that name elsewhere is run. */
function powerShell(): string {
  const windows = process.env['SystemRoot'] ?? 'C:\\Windows';
  return join(windows, 'System32', 'WindowsPowerShell', 'v1.0', 'powershell.exe');
}

async function runProgram(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, {
    windowsHide: true,
    timeout: 60_000,
  });
  return stdout;
}

function noAnswer(what: string, cause?: unknown): VirtualSmartCardError {
  const text = `The user's certificate store was not looked into: PowerShell ${what}.`;
  return new VirtualSmartCardError('ERR_NOT_SUPPORTED', text, { cause });
}
