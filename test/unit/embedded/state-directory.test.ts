import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { locateStateDirectory } from '../../../lib/backend/embedded/state-directory.js';
import { stateError } from '../../../lib/backend/embedded/state-error.js';
import { VirtualSmartCardError } from '../../../lib/index.js';

const users = vi.hoisted(() => ({ hasHome: true }));

vi.mock('node:os', async (original) => {
  const os = await original<typeof import('node:os')>();
  const homedir = () => {
    if (users.hasHome) return os.homedir();
    throw Object.assign(new Error('uv_os_homedir returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' });
  };
  return { ...os, homedir };
});

afterEach(() => {
  users.hasHome = true;
  vi.unstubAllEnvs();
});

describe('the state directory', () => {
  test('is the one given, else VIRTUAL_SMARTCARD_HOME', () => {
    const environment = { VIRTUAL_SMARTCARD_HOME: '/srv/cards', XDG_DATA_HOME: '/data' };
    expect(locateStateDirectory('/given', environment)).toBe('/given');
    expect(locateStateDirectory(undefined, environment)).toBe('/srv/cards');
  });

  test.each([
    ['linux', { XDG_DATA_HOME: '/data' }, '/data/virtual-smartcard'],
    ['linux', {}, '/home/jo/.local/share/virtual-smartcard'],
    ['linux', { VIRTUAL_SMARTCARD_HOME: '' }, '/home/jo/.local/share/virtual-smartcard'],
    ['linux', { XDG_DATA_HOME: 'relative' }, '/home/jo/.local/share/virtual-smartcard'],
    ['darwin', {}, '/home/jo/Library/Application Support/virtual-smartcard'],
    ['win32', { LOCALAPPDATA: '/local' }, '/local/virtual-smartcard'],
    ['win32', {}, '/home/jo/AppData/Local/virtual-smartcard'],
  ] as const)('on %s with %o is %s', (platform, environment, expected) => {
    vi.stubEnv('HOME', '/home/jo');
    expect(locateStateDirectory(undefined, environment, platform)).toBe(expected);
  });

  test.each(['', 'relative'])('does not follow the working directory when HOME is "%s"', (home) => {
    vi.stubEnv('HOME', home);
    const expected = join(userInfo().homedir, '.local', 'share', 'virtual-smartcard');
    expect(locateStateDirectory(undefined, {}, 'linux')).toBe(expected);
  });

  test('has to be named by a user who has no home directory', () => {
    users.hasHome = false;
    const locate = () => locateStateDirectory(undefined, {}, 'linux');
    expect(locate).toThrow(VirtualSmartCardError);
    expect(locate).toThrow(/VIRTUAL_SMARTCARD_HOME/);
    expect(locateStateDirectory('/given', {}, 'linux')).toBe('/given');
  });

  test.each(['', 'nul\0byte'])('is refused as %j', (given) => {
    expect(() => locateStateDirectory(given)).toThrow(/stateDirectory/);
  });
});

describe('an error of the file system', () => {
  test.each([
    ['ENOSPC', 'disk is full'],
    ['EACCES', 'permissions'],
    ['EROFS', 'read-only'],
    ['ENOTDIR', 'no directory'],
    ['ELOOP', 'lead nowhere'],
    ['ENAMETOOLONG', 'too long'],
    ['EIO', 'Check the state directory'],
  ])('%s names the path and what to do', (code, advice) => {
    const cause = Object.assign(new Error('failed'), { code });
    const error = stateError(cause, 'write', '/srv/cards/store.json');
    expect(error).toMatchObject({ code: 'ERR_STATE_IO', cause });
    expect(error.message).toContain(`Could not write /srv/cards/store.json (${code}). `);
    expect(error.message).toContain(advice);
  });
});
