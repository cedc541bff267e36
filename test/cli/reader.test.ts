import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CommandLine, PROGRAM, runProgram } from '../support/cli.js';
import { requireRoot } from '../support/root.js';
import { temporaryDirectory } from '../support/store.js';

const NOBODY = 65534;

async function places() {
  requireRoot();
  const folder = await temporaryDirectory();
  const directory = join(folder, 'readers');
  const configDirectory = join(folder, 'conf');
  const libraryDirectory = join(folder, 'lib');
  const words = ['--directory', directory, '--config-dir', configDirectory];
  return {
    ...{ folder, directory, configDirectory, libraryDirectory },
    configuration: join(configDirectory, 'virtual-smartcard'),
    library: join(libraryDirectory, 'virtual-smartcard-ifd.so'),
    words: [...words, '--library-dir', libraryDirectory],
  };
}

test('install-reader writes what --print shows, again too, and uninstall-reader removes it', async () => {
  const cli = await CommandLine.start();
  const { folder, directory, configuration, library, words } = await places();
  const shown = await cli.run(['install-reader', '--print', ...words, '--user', 'nobody', '-q']);
  expect(shown.exitCode).toBe(0);
  expect(existsSync(configuration)).toBe(false);
  for (let time = 0; time < 2; time++) {
    const run = await cli.run(['install-reader', ...words, '--user', 'nobody']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toContain('systemctl restart pcscd');
  }
  const text = readFileSync(configuration, 'utf8');
  expect(shown.stdout).toBe(`# ${configuration}\n${text}`);
  expect(text).toContain(`DEVICENAME   /dev/null:${directory}\nLIBPATH      ${library}\n`);
  expect(lstatSync(directory)).toMatchObject({ uid: NOBODY, mode: 0o40700 });
  expect(lstatSync(library)).toMatchObject({ uid: 0, mode: 0o100644 });
  expect(await cli.json(['uninstall-reader', ...words])).toEqual({ removed: true });
  for (const path of [directory, configuration, library]) expect(existsSync(path)).toBe(false);
  expect(await cli.json(['uninstall-reader', ...words])).toEqual({ removed: false });
  expect(existsSync(folder)).toBe(true);
});

test('what is not ours is neither taken over nor removed', async () => {
  const cli = await CommandLine.start();
  const { directory, configDirectory, configuration, words } = await places();
  mkdirSync(directory, { mode: 0o700 });
  chownSync(directory, NOBODY, NOBODY);
  const other = await cli.run(['install-reader', ...words, '--user', 'root']);
  expect(other.exitCode).toBe(2);
  expect(other.stderr).toContain(`of user ${NOBODY}`);
  expect(existsSync(configuration)).toBe(false);
  writeFileSync(join(directory, 'kept'), 'mine');
  mkdirSync(configDirectory, { recursive: true });
  writeFileSync(configuration, 'FRIENDLYNAME "Mine"\n');
  expect(await cli.json(['uninstall-reader', ...words])).toEqual({ removed: false });
  expect(readFileSync(configuration, 'utf8')).toBe('FRIENDLYNAME "Mine"\n');
  expect(readFileSync(join(directory, 'kept'), 'utf8')).toBe('mine');
});

test('an unknown user, a path that pcscd cannot read, and no rights are said so', async () => {
  const cli = await CommandLine.start();
  const { words, folder } = await places();
  const unknown = await cli.run(['install-reader', ...words, '--user', 'no-such-user-here']);
  expect(unknown).toMatchObject({ exitCode: 2 });
  expect(unknown.stderr).toContain('no-such-user-here');
  const spaces = await cli.run(['install-reader', '--print', '--directory', '/with space/x']);
  expect(spaces).toMatchObject({ exitCode: 2 });
  expect(spaces.stderr).toContain('without spaces');
  // The clone may lie where only root reads.
  const rights = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
  const user = ['setpriv', `--reuid=${NOBODY}`, '--clear-groups', ...rights];
  const command = [...user, process.execPath, PROGRAM];
  const denied = await runProgram([...command, 'install-reader', ...words], { cwd: folder });
  expect(denied).toMatchObject({ exitCode: 1 });
  expect(denied.stderr).toContain('sudo');
});
