import { join } from 'node:path';
import { runOrFail } from '../../scripts/support/run.mjs';

const SOURCES = join(import.meta.dirname, 'program');

/** Compiles the plain programs into a folder; gives their paths. */
export function buildPrograms(folder) {
  const names = ['responder', 'apdu_pairs', 'pkcs11_sign', 'tpm_relay', 'tpm_sign'];
  return Object.fromEntries(
    names.map((name) => {
      const program = join(folder, name);
      const flags = ['-std=c++17', '-O2', '-Wall', '-Wextra', '-Werror', '-o', program];
      runOrFail('g++', [...flags, join(SOURCES, `${name}.cc`), '-ldl']);
      return [name, program];
    }),
  );
}
