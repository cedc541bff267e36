import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VirtualSmartCardKey, VirtualSmartCardManager } from '../../lib/index.js';
import { type ProgramRun, runProgram } from './cli.js';
import { until } from './pcsc.js';
import { Pcscd } from './pcscd.js';
import { openManager, temporaryDirectory } from './store.js';

/** OpenSC's PKCS #11 module, as its own tools take it. */
export const OPENSC_MODULE = 'opensc-pkcs11.so';

/** The reader of a store's first card. */
export const FIRST_READER = 'Virtual Smart Card 00 00';

/** A store whose cards `publish` puts into the readers of a pcscd. */
export async function storeWithReaders() {
  const pcscd = await Pcscd.start();
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const warnings: string[] = [];
  const publish = () => publishTo(manager, pcscd, warnings);
  return { pcscd, directory, manager, publish, warnings };
}

function publishTo(manager: VirtualSmartCardManager, pcscd: Pcscd, warnings: string[]) {
  return manager.publish({
    directory: pcscd.places.directory,
    onWarning: ({ code }) => warnings.push(code),
  });
}

/** Runs a program that must end well. */
export async function succeed(...command: string[]): Promise<ProgramRun> {
  return succeedWith({}, ...command);
}

/** The same with further environment variables. */
export async function succeedWith(
  env: Record<string, string>,
  ...command: string[]
): Promise<ProgramRun> {
  const run = await runProgram(command, { env: { ...process.env, ...env } });
  if (run.exitCode !== 0) throw new Error(`${command.join(' ')}:\n${run.stdout}${run.stderr}`);
  return run;
}

/** Waits until pcscd has noticed the card. */
export async function inserted(reader: string): Promise<void> {
  await until(async () => (await runProgram(['opensc-tool', '-r', reader, '-a'])).exitCode === 0);
}

/** `pkcs15-init` with these words on the first reader's card. */
export function pkcs15Init(pin: Uint8Array, ...words: string[]): Promise<ProgramRun> {
  const asUser = ['--verify-pin', '--auth-id', '80', '--pin', Buffer.from(pin).toString()];
  return succeed('pkcs15-init', '--reader', FIRST_READER, ...asUser, ...words);
}

/** `pkcs11-tool` with these words, logged in. */
export function pkcs11Tool(pin: Uint8Array, ...words: string[]): Promise<ProgramRun> {
  const login = ['--login', '--pin', Buffer.from(pin).toString()];
  return succeed('pkcs11-tool', '--module', OPENSC_MODULE, ...login, ...words);
}

/** What `pkcs15-tool` lists. */
export async function pkcs15Objects(): Promise<string> {
  return (await succeed('pkcs15-tool', '--reader', FIRST_READER, '-D')).stdout;
}

/** Writes a file of the test and gives its path. */
export async function file(directory: string, name: string, content: string | Uint8Array) {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

/** The lines `name : value` of one object in what pkcs15-tool lists. */
export function section(listed: string, heading: string): Record<string, string> {
  const [, after] = listed.split(`${heading}\n`);
  if (after === undefined) throw new Error(`no ${heading} in:\n${listed}`);
  const [lines = ''] = after.split('\n\n');
  const pairs = lines.split('\n').map((line) => line.trim().split(/\s*: /));
  return Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value]));
}

/** A certificate of the key, made by the openssl program under a CA of its own; its path. */
export async function certifyByOpenssl(
  directory: string,
  key: VirtualSmartCardKey,
): Promise<string> {
  const [caKey, ca, out] = ['ca.key', 'ca.pem', 'certificate.pem'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  await succeed(
    ...['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=CA'],
    ...['-keyout', caKey, '-out', ca],
  );
  const pem = key.publicKey.export({ type: 'spki', format: 'pem' });
  const publicKey = await file(directory, 'public.pem', pem);
  await succeed(
    ...['openssl', 'x509', '-new', '-subj', `/CN=${key.container}`, '-force_pubkey', publicKey],
    ...['-CA', ca, '-CAkey', caKey, '-out', out],
  );
  return out;
}
