// Cross-compiles the addon for Windows (x64) with MinGW-w64, from any system that has it:
//   node scripts/build-windows.mjs              prebuilds/win32-x64/virtual-smartcard.node
//   node scripts/build-windows.mjs --output F   the same to another file
// Node's functions are bound when first called and taken from whatever program loads the addon, so
// that it works in Electron too; it needs no DLL that does not come with Windows.
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { MINGW_COMPILER, MINGW_PREFIX, mingwIsThere } from './support/mingw.mjs';
import { findNodeHeaders } from './support/node-headers.mjs';
import { ExpectedError, outputOf, ROOT, runOrFail } from './support/run.mjs';
import { delayLoadSources, WINDOWS_LIBRARIES, windowsSources } from './support/windows-sources.mjs';

const WORK = join(ROOT, 'build', 'windows-x64');
const OUTPUT = resolve(ROOT, option('--output') ?? 'prebuilds/win32-x64/virtual-smartcard.node');

const FLAGS = [
  '-std=c++17',
  '-O2',
  '-Wall',
  '-Wextra',
  // GetProcAddress's type fits no function.
  '-Wno-cast-function-type',
  '-fstack-protector-strong',
  '-D_FORTIFY_SOURCE=2',
  '-DNAPI_VERSION=8',
  '-DNAPI_CPP_EXCEPTIONS',
  '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
  '-DBUILDING_NODE_EXTENSION',
  '-DWIN32_LEAN_AND_MEAN',
  '-DNOMINMAX',
  '-DUNICODE',
  '-D_UNICODE',
  '-D_WIN32_WINNT=0x0A00',
];
const headers = findNodeHeaders();
if (!headers) throw new ExpectedError("Node's headers are missing: set npm_config_nodedir.");
if (!mingwIsThere()) {
  throw new ExpectedError(
    `${MINGW_COMPILER} is missing: apt install g++-mingw-w64-x86-64-posix, or set VSC_MINGW_CXX.`,
  );
}

mkdirSync(WORK, { recursive: true });
mkdirSync(dirname(OUTPUT), { recursive: true });
const objects = await compileAll([...windowsSources(), ...delayLoadSources()]);
link(objects);
console.log(`${OUTPUT} (${Math.round(statSync(OUTPUT).size / 1024)} KB)`);

function option(name) {
  const position = process.argv.indexOf(name);
  return position < 0 ? undefined : process.argv[position + 1];
}

/** Compiles what is newer than its object, several files at once. */
async function compileAll(files) {
  const { spawn } = await import('node:child_process');
  const results = files.map((file) => ({
    file,
    object: join(WORK, `${file.replaceAll('/', '-')}.o`),
  }));
  const queue = results.filter(({ file, object }) => !isCurrent(join(ROOT, file), object));
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { file, object } = next;
      const args = [
        ...FLAGS,
        `-I${join(ROOT, 'native')}`,
        `-I${join(headers, 'include', 'node')}`,
        `-I${join(ROOT, 'node_modules', 'node-addon-api')}`,
        '-MMD',
        '-c',
        join(ROOT, file),
        '-o',
        object,
      ];
      const child = spawn(MINGW_COMPILER, args, { cwd: ROOT, stdio: 'inherit' });
      const status = await new Promise((end, fail) => child.on('exit', end).on('error', fail));
      if (status !== 0) throw new ExpectedError(`${file} does not compile.`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results.map(({ object }) => object);
}

/** Whether the object is newer than all that it was made of, as the compiler has written it down. */
function isCurrent(source, object) {
  const made = modified(object);
  const notes = object.replace(/\.o$/, '.d');
  if (!made || !modified(notes) || modified(import.meta.filename) > made) return false;
  const listed = readFileSync(notes, 'utf8')
    .replace(/^[^:]*:/, '')
    .replaceAll('\\\n', ' ');
  const parts = [source, ...listed.trim().split(/(?<!\\)\s+/)];
  return parts.every((part) => modified(part) > 0 && modified(part) <= made);
}

function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Links in a folder of its own and puts the addon in place when it is whole: programs may be using it. */
function link(objects) {
  if (objects.every((object) => modified(object) < modified(OUTPUT))) return;
  const folder = mkdtempSync(join(WORK, 'link-'));
  try {
    const linked = join(folder, basename(OUTPUT));
    runOrFail(MINGW_COMPILER, [
      '-shared',
      '-static',
      '-s',
      '-Wl,--dynamicbase,--nxcompat,--high-entropy-va',
      ...objects,
      delayedNode(folder, objects),
      // Made for each linking: the delay helper of MinGW-w64.
      '-ldelayimp',
      '-lssp',
      ...WINDOWS_LIBRARIES.map((name) => `-l${name}`),
      '-o',
      linked,
    ]);
    requireSystemLibrariesOnly(linked);
    renameSync(linked, OUTPUT);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The import library of the program's own functions. */
function delayedNode(folder, objects) {
  const definitions = join(folder, 'node.def');
  const lines = ['LIBRARY node.exe', 'EXPORTS', ...nodeFunctions(objects), ''];
  writeFileSync(definitions, lines.join('\n'));
  const library = join(folder, 'libnode-delayed.a');
  runOrFail(`${MINGW_PREFIX}dlltool`, ['-d', definitions, '-D', 'node.exe', '-y', library]);
  return library;
}

/** The functions of Node that the objects call. */
function nodeFunctions(objects) {
  const symbols =
    outputOf(`${MINGW_PREFIX}nm`, ['--undefined-only', '--no-sort', ...objects]) ?? '';
  const names = [...symbols.matchAll(/ U (?:__imp_)?((?:napi|node_api)_\w+)$/gm)].map(
    ([, name]) => name,
  );
  return [...new Set(names)].sort();
}

/** The addon is to load on a Windows that has nothing installed. */
function requireSystemLibrariesOnly(file) {
  const headersOfFile = outputOf(`${MINGW_PREFIX}objdump`, ['-p', file]) ?? '';
  const names = [...headersOfFile.matchAll(/DLL Name: (\S+)/g)].map(([, name]) => name);
  const system = new Set(
    ['KERNEL32', 'msvcrt', 'ntdll', ...WINDOWS_LIBRARIES].map(
      (name) => `${name.toLowerCase()}.dll`,
    ),
  );
  const foreign = names.filter((name) => !system.has(name.toLowerCase()));
  if (names.length === 0 || foreign.length > 0) {
    throw new ExpectedError(`The addon needs what is not Windows' own: ${foreign}.`);
  }
}
