import { join } from 'node:path';
import { ROOT } from '../../../scripts/support/run.mjs';
import { PACKAGES, SOURCES, windowsPath } from './paths.mjs';

const VITEST = join(PACKAGES, 'node_modules', 'vitest', 'vitest.mjs');

/** Runs vitest inside the lab with the lab's configuration and resolves to its exit code. */
export function runVitest(lab, version, args, options = {}) {
  const config = `--config=${windowsPath(join(SOURCES, 'vitest.config.mjs'))}`;
  return lab.node(version, [windowsPath(VITEST), 'run', config, ...args], {
    cwd: ROOT,
    timeoutMs: 10 * 60 * 1000,
    ...options,
  });
}
