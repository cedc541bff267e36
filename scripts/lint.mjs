// Checks the style and the types of everything in the tree and changes nothing. With --write it
// formats instead: `npm run format`.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run, runTool } from './support/run.mjs';

const write = process.argv.includes('--write');
const cxxSources = ['native', 'bench', 'test/native', 'test/windows-lab'].flatMap(cxxSourcesBelow);

const biome = write ? ['check', '--write', '.'] : ['ci', '--error-on-warnings', '.'];
const clangFormat = write ? ['-i'] : ['--dry-run', '-Werror'];
const results = {
  biome: runTool('@biomejs/biome/bin/biome', biome),
  'clang-format': run('clang-format', [...clangFormat, ...cxxSources]),
  tsc: runTool('typescript/bin/tsc', ['--noEmit']),
};

const failed = Object.keys(results).filter((name) => results[name] !== 0);
console.log(failed.length === 0 ? 'lint: clean' : `lint: failed (${failed.join(', ')})`);
process.exitCode = failed.length === 0 ? 0 : 1;

function cxxSourcesBelow(folder) {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true })
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => join(folder, name));
}
