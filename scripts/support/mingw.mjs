import { outputOf } from './run.mjs';

/** What the names of MinGW-w64's programs for Windows (x64) begin with. */
export const MINGW_PREFIX = 'x86_64-w64-mingw32-';

/** Its C++ compiler, the one with threads. */
export const MINGW_COMPILER = process.env.VSC_MINGW_CXX ?? `${MINGW_PREFIX}g++-posix`;

export function mingwIsThere() {
  return outputOf(MINGW_COMPILER, ['--version']) !== undefined;
}
