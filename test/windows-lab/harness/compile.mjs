import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ExpectedError } from '../../../scripts/support/run.mjs';

const execute = promisify(execFile);

const COMPILER = 'x86_64-w64-mingw32-g++-posix';
const C_COMPILER = 'x86_64-w64-mingw32-gcc-posix';

const CXX_FLAGS = [
  ...['-std=c++17', '-O1', '-Wall', '-Wextra', '-Werror'],
  ...['-D_WIN32_WINNT=0x0A00', '-DUNICODE', '-D_UNICODE'],
];

/** Runs a build tool; what it says goes into the error when it fails. */
export async function tool(program, args) {
  // The machine is shared with the programs under test.
  await execute('nice', ['-n', '10', program, ...args]).catch((error) => {
    throw new ExpectedError(`${program} failed:\n${error.stderr || error.message}`);
  });
}

/**
 * Compiles C and C++ sources, several at once, and only what is older than itself or than any of
 * the headers.
 *
 * @param {string} objects - folder for the object files
 * @param {string[]} sources
 * @param {{ headers: string[], includes?: string[], flags?: string[] }} options
 * @returns {Promise<string[]>} the object files
 */
export async function compile(objects, sources, { headers, includes = [], flags = [] }) {
  mkdirSync(objects, { recursive: true });
  const newestHeader = newest(headers);
  const options = [...includes.flatMap((folder) => ['-I', folder]), ...flags];
  const jobs = sources.map((source) => {
    const object = join(objects, basename(source).replace(/\.cc?$/, '.o'));
    const isCurrent = newest([object]) > Math.max(newestHeader, newest([source]));
    return { source, object, isCurrent };
  });
  const waiting = jobs.filter(({ isCurrent }) => !isCurrent);
  const worker = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      const isCxx = job.source.endsWith('.cc');
      const compiler = isCxx ? [COMPILER, CXX_FLAGS] : [C_COMPILER, ['-O1']];
      await tool(compiler[0], [...compiler[1], ...options, '-c', '-o', job.object, job.source]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return jobs.map(({ object }) => object);
}

/** Links what {@link compile} made, unless the output is newer than all of it. */
export async function link(output, inputs, flags) {
  if (newest([output]) > newest(inputs)) return;
  mkdirSync(dirname(output), { recursive: true });
  await tool(COMPILER, ['-static', '-s', '-o', output, ...inputs, ...flags]);
}

/** The files of a folder whose names end so. */
export function filesOf(folder, ending) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

/** Time of the latest change; 0 when one of them is not there. */
export function newest(files) {
  if (!files.every((file) => existsSync(file))) return 0;
  return Math.max(0, ...files.map((file) => statSync(file).mtimeMs));
}
