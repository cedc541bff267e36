import { spawnSync } from 'node:child_process';
import { measurePairs, timed } from './pairs.mjs';

const INDEX = new URL('../dist/index.js', import.meta.url).href;

/** Time of a process that imports the package, against one that imports nothing. */
export async function benchImport({ pairs }) {
  const run = (source) =>
    timed(async () => {
      const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', source]);
      if (status !== 0) throw new Error(`a process ended with ${status}`);
    });
  return measurePairs(
    pairs,
    () => run(`await import(${JSON.stringify(INDEX)})`),
    () => run(''),
  );
}
