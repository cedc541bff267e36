import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GENERATED, generateInterfaces } from '../../test/windows-lab/harness/build-com.mjs';
import { compile, filesOf, link } from '../../test/windows-lab/harness/compile.mjs';
import { PROGRAMS } from '../../test/windows-lab/harness/paths.mjs';

const SOURCES = fileURLToPath(new URL('program', import.meta.url));

/** The plain program. */
export const PROGRAM = join(PROGRAMS, 'bench.exe');

/** Builds it from its own sources, the interfaces' published definitions and the compiler's headers. */
export async function buildProgram() {
  await generateInterfaces();
  const ids = join(GENERATED, 'tpmvscmgr_i.c');
  const options = {
    headers: [...filesOf(SOURCES, '.h'), join(GENERATED, 'tpmvscmgr.h')],
    includes: [GENERATED],
    flags: ['-O2'],
  };
  const sources = [...filesOf(SOURCES, '.cc'), ids];
  const objects = await compile(join(PROGRAMS, 'objects-bench'), sources, options);
  await link(
    PROGRAM,
    objects,
    ['ole32', 'uuid', 'ncrypt', 'setupapi', 'winscard'].map((name) => `-l${name}`),
  );
  return basename(PROGRAM);
}
