import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualSmartCardError } from './errors.js';

/** Where the addon was looked for. */
export interface LoadAttempt {
  /** The package's directory. */
  root: string;
  /** The addon's file; undefined when none was found for this platform. */
  file: string | undefined;
}

/** One way in which loading fails: the loader's message that shows it, and what to say then. */
interface LoadFailure {
  shownBy: RegExp;
  explain(match: RegExpExecArray): string;
}

const BUILD =
  'Build it on this machine: `npx node-gyp rebuild` in the package directory (it needs a C++17 ' +
  'compiler, make and Python 3: on Debian `apt install g++ make python3`).';

// Order matters: the first match explains.
const FAILURES: readonly LoadFailure[] = [
  {
    shownBy: /version [`'"](GLIBC_[\d.]+)['"]? not found/,
    explain: ([, version]) =>
      `It needs ${version}, and this system's C library (glibc ${glibcVersion()}) is older. ${BUILD}`,
  },
  {
    shownBy: /version [`'"]((?:GLIBCXX|CXXABI)_[\d.]+)['"]? not found/,
    explain: ([, version]) =>
      `It needs ${version}, and this system's libstdc++ is older. Update libstdc++6, or build it ` +
      `on this machine. ${BUILD}`,
  },
  {
    shownBy:
      /libstdc\+\+\.so\S*: cannot open shared object file|Error loading shared library libstdc\+\+/,
    explain: () =>
      'The C++ runtime libstdc++ is missing. Install it: `apt install libstdc++6` on Debian and ' +
      'Ubuntu, `dnf install libstdc++` on Fedora, `apk add libstdc++` on Alpine.',
  },
  {
    shownBy: /libc\.musl-\S+: cannot open shared object file/,
    explain: () => `It was built for musl (Alpine Linux), and this Node uses glibc. ${BUILD}`,
  },
  {
    shownBy: /ld-linux\S*: |Error relocating|Error loading shared library libc\.so\.6/,
    explain: () =>
      `It was built for glibc, and this Node uses musl (Alpine Linux). ${BUILD} On Alpine the ` +
      'tools are `apk add g++ make python3`.',
  },
  {
    shownBy:
      /wrong ELF class|Exec format error|incompatible architecture|not a valid Win32 application|cannot open shared object file: No such file/,
    explain: () =>
      'It was built for another processor architecture, or needs a library that is missing ' +
      `(this Node is ${process.platform} ${process.arch}). Delete the build folder if it came ` +
      `from another machine, for example with a copied node_modules. ${BUILD}`,
  },
  {
    shownBy:
      /invalid ELF header|file too short|slice is not valid mach-o file|cannot read file data|ELF load command/,
    explain: () => `The file is damaged, or belongs to another operating system. ${BUILD}`,
  },
  {
    shownBy: /failed to map segment from shared object|Operation not permitted/,
    explain: () =>
      'Its file system forbids running code from it (mount option noexec, or a security policy). ' +
      'Move the package to a file system without that.',
  },
  {
    shownBy: /Permission denied|EACCES/,
    explain: () => 'This user may not read the file. Correct its permissions.',
  },
  {
    shownBy: /specified module could not be found/,
    explain: () =>
      'A library it needs is missing: install the Microsoft Visual C++ Redistributable (2015 or later).',
  },
  {
    shownBy: /did not self-register|has not been declared|undefined symbol: napi_/,
    explain: () =>
      'It does not fit this Node. Node 20.19 or later is needed; this is ' +
      `${process.version}. ${BUILD}`,
  },
  {
    shownBy: /Cannot find module 'node-gyp-build'/,
    explain: () =>
      "The dependency node-gyp-build is missing. Run `npm install` in the program's directory.",
  },
];

/** The one place where a failure to load the addon becomes an error with a reason and a remedy. */
export function explainLoadFailure(cause: unknown, attempt: LoadAttempt): VirtualSmartCardError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const where = attempt.file ?? attempt.root;
  const explanation =
    attempt.file === undefined && /No native build was found/.test(text)
      ? explainAbsence(attempt.root)
      : explainText(text);
  return new VirtualSmartCardError(
    'ERR_NATIVE_ADDON',
    `The native addon of virtual-smartcard could not be loaded (${where}). ${explanation}`,
    { cause },
  );
}

function explainText(text: string): string {
  for (const { shownBy, explain } of FAILURES) {
    const match = shownBy.exec(text);
    if (match) return `${explain(match)} The loader said: ${text}`;
  }
  return `The loader said: ${text}. ${BUILD}`;
}

function explainAbsence(root: string): string {
  const prebuilds = prebuildsIn(root);
  const system = `${process.platform}-${process.arch}${libcName()}`;
  const offer =
    prebuilds.length === 0
      ? 'It has not been built here, and the package came without prebuilds.'
      : `There is no prebuild for ${system}; there are: ${prebuilds.join(', ')}.`;
  return `${offer} ${BUILD}`;
}

/** Names of the prebuilds as `linux-x64/virtual-smartcard.glibc.node`. */
function prebuildsIn(root: string): string[] {
  try {
    return readdirSync(join(root, 'prebuilds'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.node'))
      .sort();
  } catch (error) {
    // A package without the folder is what is being reported.
    if (error instanceof Error) return [];
    throw error;
  }
}

/** ` (glibc)` or ` (musl)` on Linux: prebuilds differ by it. */
function libcName(): string {
  if (process.platform !== 'linux') return '';
  return glibcVersion() === 'unknown' ? ' (musl)' : ' (glibc)';
}

/** The version of the glibc that this Node runs on; `unknown` on another C library. */
function glibcVersion(): string {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime ?? 'unknown';
}
