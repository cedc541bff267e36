import { existsSync } from 'node:fs';
import { findNodeHeaders } from '../support/node-headers.mjs';
import { ExpectedError, outputOf, runOrFail } from '../support/run.mjs';

/** What building the addon and running the main job need, by Debian package. */
const TO_RUN = ['g++', 'libtpms0', 'make', 'openssl', 'python3'];

/**
 * What the tests need besides: other people's programs to check ours against, tools to look inside, and
 * what the package that they pack is built with.
 */
const TO_TEST = [
  'binutils-mingw-w64-x86-64',
  'clang-format',
  'curl',
  'g++-mingw-w64-x86-64-posix',
  'gdb',
  'git',
  'gnutls-bin',
  'libengine-pkcs11-openssl',
  'libtpm2-pkcs11-1',
  'libtpm2-pkcs11-tools',
  'opensc',
  'openssh-client',
  'openssh-server',
  'pcscd',
  'procps',
  'socat',
  'strace',
  'swtpm',
  'tpm2-tools',
  'vsmartcard-vpcd',
];

/** What the tests of the Windows part run on, and are built with. */
const FOR_WINDOWS_LAB = ['libwine', 'mingw-w64-tools', 'wine64'];

/** Installs the missing Debian packages, or says how to. */
export function installSystemPackages({ forTests }) {
  if (process.platform === 'win32') {
    throw new ExpectedError(
      'Setup does nothing on Windows, where most tests do not run. The backend for Windows is built by' +
        ' `npm ci`, `npx node-gyp rebuild` (Visual Studio with C++ tools) and `npm run build:ts`;' +
        ' `npx vitest run test/unit` runs what can be tested there. docs/windows.md says what it can do' +
        ' and how far it was tried.\nThe embedded TPM does not run on Windows: use the Windows' +
        ' Subsystem for Linux, where this same command sets everything up.',
    );
  }
  if (process.platform === 'darwin') return explainMac({ forTests });
  const installed = installedDebianPackages();
  const wanted = [
    ...TO_RUN,
    ...(forTests ? [...TO_TEST, ...FOR_WINDOWS_LAB] : []),
    ...nodeHeadersPackage(installed),
  ];
  if (!installed) return explainOtherLinux({ wanted, forTests });
  const missing = wanted.filter((name) => !installed.has(name)).sort();
  if (missing.length > 0) install(missing);
}

/** Names of the installed packages and of what they provide; undefined where there is no dpkg. */
function installedDebianPackages() {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are dpkg-query's
  const format = '${db:Status-Abbrev}\t${Package}\t${Provides}\n';
  const listing = outputOf('dpkg-query', ['--show', `--showformat=${format}`]);
  if (listing === undefined) return undefined;
  const names = new Set();
  for (const line of listing.split('\n')) {
    const [status, name, provides = ''] = line.split('\t');
    if (!status?.startsWith('ii')) continue;
    names.add(name);
    for (const entry of provides.split(',')) {
      const provided = entry.trim().split(' ')[0];
      if (provided) names.add(provided);
    }
  }
  return names;
}

/** Debian's own Node has its headers, which the addon's build needs, in a package of their own. */
function nodeHeadersPackage(installed) {
  const nodeIsDebians = process.execPath === '/usr/bin/node' && installed?.has('nodejs');
  return nodeIsDebians && !findNodeHeaders() ? ['libnode-dev'] : [];
}

function install(missing) {
  const apt = ['apt-get', '-o', 'DPkg::Lock::Timeout=300'];
  const update = [...apt, 'update', '--quiet'];
  const install = [...apt, 'install', '--yes', '--quiet', '--no-install-recommends', ...missing];
  const asRoot = rootPrefix();
  if (!asRoot) {
    const names = missing.join(' ');
    throw new ExpectedError(
      `These Debian packages are missing: ${names}\nInstalling them needs root. Run this, then the` +
        ' command again:\n\n' +
        `  sudo apt-get update && sudo apt-get install --no-install-recommends ${names}\n`,
    );
  }
  console.log(`Setup: installing the Debian packages ${missing.join(' ')}`);
  for (const command of [update, install]) {
    const [program, ...args] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', ...command];
    runOrFail(program, args);
  }
}

/** What to put before a command that needs root; undefined when this user may not become root unasked. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return outputOf('sudo', ['-n', 'true']) === undefined ? undefined : ['sudo', '-n'];
}

function explainMac({ forTests }) {
  const libraries = [
    '/opt/homebrew/lib/libtpms.dylib',
    '/usr/local/lib/libtpms.dylib',
    '/opt/local/lib/libtpms.dylib',
  ];
  const missing = [];
  if (outputOf('xcode-select', ['-p']) === undefined) missing.push('  xcode-select --install');
  if (!libraries.some((path) => existsSync(path))) missing.push('  brew install libtpms');
  if (missing.length > 0) {
    throw new ExpectedError(
      ['On macOS some things are installed by hand. Missing here:', ...missing].join('\n'),
    );
  }
  console.log('Setup: macOS is not among the platforms this version was tried on.');
  if (forTests) console.log('Setup: the tests also need: brew install swtpm opensc clang-format');
}

function explainOtherLinux({ wanted, forTests }) {
  const programs = ['g++', 'make', 'openssl', 'python3', ...(forTests ? ['swtpm', 'gdb'] : [])];
  const absent = programs.filter(
    (program) =>
      outputOf(program, ['--version']) === undefined &&
      outputOf(program, ['version']) === undefined,
  );
  if (absent.length > 0) {
    throw new ExpectedError(
      `Programs are missing: ${absent.join(' ')}\nSetup installs packages on Debian and its relatives` +
        ` only. Install what your distribution calls these Debian packages: ${wanted.join(' ')}`,
    );
  }
}
