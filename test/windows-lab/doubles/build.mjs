import { execFile } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
const COMPILER = 'x86_64-w64-mingw32-g++-posix';
const FLAGS = [
  ...['-std=c++17', '-O1', '-Wall', '-Wextra', '-Werror'],
  ...['-D_WIN32_WINNT=0x0A00', '-DWIN32_LEAN_AND_MEAN', '-DNOMINMAX', '-DUNICODE', '-D_UNICODE'],
];

/** What is built: file, its folders of sources, and the system libraries it needs. */
const TARGETS = [
  { file: 'winscard.dll', folders: ['winscard'], libraries: ['ws2_32', 'advapi32'] },
  { file: 'tbs.dll', folders: ['tbs'], libraries: ['ws2_32', 'advapi32'] },
  { file: 'ncrypt.dll', folders: ['card', 'ncrypt'], libraries: ['ws2_32', 'advapi32', 'bcrypt'] },
  { file: 'basecsp.dll', folders: ['card', 'csp'], libraries: ['ws2_32', 'advapi32', 'bcrypt'] },
  {
    file: 'msclmd.dll',
    folders: ['card', 'minidriver'],
    libraries: ['winscard', 'ws2_32', 'advapi32', 'bcrypt'],
  },
];

/** Names of the DLLs that belong into the Wine prefix's system32. */
export const DOUBLES = TARGETS.map((target) => target.file);

/**
 * Compiles the doubles into `directory`, and only what is older than its sources. Needs nothing
 * but the mingw-w64 compiler. Rejects with the compiler's messages.
 */
export async function buildDoubles(directory) {
  const objects = path.join(directory, 'objects');
  const newestHeader = await newest(await sources('.h'));
  const compiled = new Map();
  for (const folder of ['common', ...new Set(TARGETS.flatMap((target) => target.folders))]) {
    compiled.set(folder, await compileFolder(folder, objects, newestHeader));
  }
  for (const target of TARGETS) await link(target, directory, compiled);
}

async function compileFolder(folder, objects, newestHeader) {
  await mkdir(path.join(objects, folder), { recursive: true });
  const outputs = [];
  for (const source of (await sources('.cc')).filter((name) => path.dirname(name) === folder)) {
    const output = path.join(objects, source.replace(/\.cc$/, '.o'));
    if ((await time(output)) < Math.max(newestHeader, await time(path.join(here, source)))) {
      await compile(['-I', here, '-c', '-o', output, path.join(here, source)]);
    }
    outputs.push(output);
  }
  return outputs;
}

async function link({ file, folders, libraries }, directory, compiled) {
  const output = path.join(directory, file);
  const inputs = ['common', ...folders].flatMap((folder) => compiled.get(folder));
  const definition = path.join(here, folders.at(-1), file.replace(/\.dll$/, '.def'));
  if ((await time(output)) > (await newest([...inputs, definition], ''))) return;
  const names = libraries.map((library) => `-l${library}`);
  await compile(['-shared', '-static', '-s', '-o', output, ...inputs, definition, ...names]);
}

async function compile(args) {
  // `nice`: the machine is shared with the programs under test.
  await run('nice', ['-n', '10', COMPILER, ...FLAGS, ...args]);
}

async function sources(extension) {
  const names = await readdir(here, { recursive: true });
  return names.filter((name) => name.endsWith(extension)).sort();
}

async function newest(names, folder = here) {
  return Math.max(...(await Promise.all(names.map((name) => time(path.join(folder, name))))));
}

/** Time of last change; 0 for a file that is not there. */
async function time(name) {
  try {
    return (await stat(name)).mtimeMs;
  } catch (error) {
    if (error.code === 'ENOENT') return 0;
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [directory] = process.argv.slice(2);
  if (!directory) throw new Error('usage: node build.mjs DIRECTORY');
  await buildDoubles(path.resolve(directory));
}
