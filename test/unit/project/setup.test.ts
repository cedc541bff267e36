import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const CLONE = fileURLToPath(new URL('../../../', import.meta.url));
const NOBODY = 65534;

/** A clone with programs of our own around it, so that nothing is installed on this machine. */
let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'vsc-setup-'));
  chmodSync(clone, 0o755);
  cpSync(join(CLONE, 'scripts'), join(clone, 'scripts'), { recursive: true });
  cpSync(join(CLONE, 'package-lock.json'), join(clone, 'package-lock.json'));
  mkdirSync(join(clone, 'bin'));
  symlinkSync('/usr/bin/env', join(clone, 'bin', 'env'));
  installedPackages(['coreutils']);
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

describe('setup of the system packages', () => {
  it('as root installs exactly what is missing, after an update', () => {
    installedPackages(['g++', 'make', 'python3']);
    program('apt-get', 'printf "%s\\n" "$DEBIAN_FRONTEND $*" >> "$0.log"; exit 0');
    program('npm', 'exit 7');
    const { status, stderr } = setup(['--as-root']);
    expect(calls('apt-get')).toEqual([
      expect.stringMatching(/^noninteractive .*\bupdate\b/),
      expect.stringMatching(/^noninteractive .*--no-install-recommends libtpms0 openssl$/),
    ]);
    expect(stderr).toContain('npm ci');
    expect(status).toBe(1);
  });

  it('for the tests asks for their programs too', () => {
    program('apt-get', 'printf "%s\\n" "$*" >> "$0.log"; exit 0');
    program('npm', 'exit 7');
    setup(['--as-root', '--test']);
    for (const name of ['swtpm', 'tpm2-tools', 'opensc', 'clang-format', 'gdb', 'wine64']) {
      expect(calls('apt-get')[1]).toContain(` ${name}`);
    }
  });

  it('takes a package that another one provides for installed', () => {
    installedPackages(['g++', 'make', 'python3', 'openssl', 'libtpms0t64 libtpms0 (= 0.9.6-1)']);
    program('apt-get', 'echo "$*" >> "$0.log"; exit 0');
    program('npm', 'exit 7');
    setup(['--as-root']);
    expect(calls('apt-get')).toEqual([]);
  });

  it('without root prints the command and does nothing', () => {
    installedPackages(['g++', 'make', 'openssl']);
    program('apt-get', 'echo "$*" >> "$0.log"; exit 0');
    program('sudo', 'exit 1');
    const { status, stderr } = setup([]);
    expect(stderr).toContain(
      'sudo apt-get update && sudo apt-get install --no-install-recommends libtpms0 python3\n',
    );
    expect(status).toBe(1);
    expect(calls('apt-get')).toEqual([]);
  });

  it('uses a sudo that asks nothing', () => {
    installedPackages(['g++', 'make', 'openssl', 'python3']);
    chmodSync(join(clone, 'bin'), 0o777);
    program('apt-get', 'echo "$DEBIAN_FRONTEND $*" >> "$0.log"; exit 0');
    program('sudo', 'shift; [ "$1" = true ] || exec "$@"');
    program('npm', 'exit 7');
    setup([]);
    expect(calls('apt-get')[1]).toMatch(/^noninteractive .* libtpms0$/);
  });

  it('stops when apt-get fails', () => {
    program('apt-get', 'exit 100');
    program('npm', 'echo called >> "$0.log"');
    const { status, stderr } = setup(['--as-root']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/Failed \(exit code 100\): .*apt-get/);
    expect(calls('npm')).toEqual([]);
  });
});

describe('setup of the npm packages', () => {
  const everything = ['g++', 'libtpms0', 'make', 'openssl', 'python3', 'libnode-dev'];
  beforeEach(() => {
    installedPackages(everything);
    program('npm', 'echo "$*" >> "$0.log"; exit 7');
  });

  it('runs npm ci when node_modules is absent', () => {
    setup(['--as-root']);
    expect(calls('npm')).toEqual([expect.stringMatching(/^ci --include=dev/)]);
  });

  it('leaves alone what matches the lock, binaries of other platforms aside', () => {
    writeInstalled((packages) => {
      for (const path of Object.keys(packages)) {
        if (packages[path]?.['optional']) delete packages[path];
      }
    });
    setup(['--as-root']);
    expect(calls('npm')).toEqual([]);
  });

  it.each([
    ['a missing package', (packages: Packages) => void delete packages['node_modules/vitest']],
    [
      'another version',
      (packages: Packages) => {
        packages['node_modules/vitest'] = { ...packages['node_modules/vitest'], version: '0.0.1' };
      },
    ],
    [
      'a package too many',
      (packages: Packages) => {
        packages['node_modules/one-too-many'] = { version: '1.0.0' };
      },
    ],
  ])('runs npm ci for %s', (_what, change) => {
    writeInstalled(change);
    setup(['--as-root']);
    expect(calls('npm')).toHaveLength(1);
  });
});

it('an old Node gets a sentence, not a stack', () => {
  const old = 'Object.defineProperty(process.versions, "node", { value: "20.18.3" })';
  const { status, stderr } = setup([], [`--import=data:text/javascript,${encodeURI(old)}`]);
  expect(stderr).toMatch(/^virtual-smartcard needs Node 20\.19 or newer; this is Node 20\.18\.3/);
  expect(stderr).not.toContain('    at ');
  expect(status).toBe(1);
});

it('asks for the same Node as package.json', () => {
  const { engines } = JSON.parse(readFileSync(join(CLONE, 'package.json'), 'utf8'));
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node) ?? [];
  expect(readFileSync(join(CLONE, 'scripts', 'setup.mjs'), 'utf8')).toContain(
    `const MINIMUM = [${major}, ${minor}];`,
  );
});

type Packages = Record<string, Record<string, unknown>>;

/** Writes npm's record of what is installed: the lock's packages, changed. */
function writeInstalled(change: (packages: Packages) => void): void {
  const lock = JSON.parse(readFileSync(join(clone, 'package-lock.json'), 'utf8'));
  delete lock.packages[''];
  change(lock.packages);
  mkdirSync(join(clone, 'node_modules'));
  writeFileSync(join(clone, 'node_modules', '.package-lock.json'), JSON.stringify(lock));
}

/** Runs setup with nothing on the PATH but the programs made here. */
function setup(args: string[], nodeOptions: string[] = []) {
  const asRoot = args.includes('--as-root');
  const root = 'process.getuid = () => 0';
  const pretend = asRoot ? [`--import=data:text/javascript,${encodeURI(root)}`] : [];
  const script = join(clone, 'scripts', 'setup.mjs');
  const rest = args.filter((argument) => argument !== '--as-root');
  const becomeNobody = !asRoot && process.getuid?.() === 0;
  return spawnSync(process.execPath, [...pretend, ...nodeOptions, script, ...rest], {
    encoding: 'utf8',
    env: { PATH: [join(clone, 'bin')].join(delimiter), HOME: clone },
    ...(becomeNobody ? { uid: NOBODY, gid: NOBODY } : {}),
  });
}

function program(name: string, script: string): void {
  writeFileSync(join(clone, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Makes dpkg-query list these packages, each as `name` or `name provided (version)`. */
function installedPackages(packages: string[]): void {
  const lines = packages.map((entry) => {
    const [name, ...provides] = entry.split(' ');
    return `ii \t${name}\t${provides.join(' ')}`;
  });
  program('dpkg-query', `cat <<'END'\n${['rc \tlibtpms0\t', ...lines].join('\n')}\nEND`);
  if (!existsSync(join(clone, 'bin', 'cat'))) symlinkSync('/bin/cat', join(clone, 'bin', 'cat'));
}

/** The lines that a program logged, one for each call of it. */
function calls(name: string): string[] {
  const log = join(clone, 'bin', `${name}.log`);
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
}
