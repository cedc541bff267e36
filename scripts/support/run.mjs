import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The clone's top folder. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A failure whose message is all that the user needs: shown without a stack. */
export class ExpectedError extends Error {
  expected = true;
}

/** Programs colour even what goes to a file unless told not to. */
const COLOURS = process.stdout.isTTY ? {} : { NO_COLOR: '1' };

/**
 * Runs a program with its output on this terminal.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv }} [options]
 * @returns {number} its exit code; 127 when it is missing, 128 + n when a signal ended it
 */
export function run(program, args, { env = process.env } = {}) {
  const { status, signal, error } = spawnSync(program, args, {
    cwd: ROOT,
    env: { ...env, ...COLOURS },
    stdio: 'inherit',
  });
  if (error) {
    console.error(`${program} did not start: ${error.message}`);
    return error.code === 'ENOENT' ? 127 : 1;
  }
  if (signal) {
    console.error(`${program} was ended by ${signal}`);
    return 128;
  }
  return status ?? 1;
}

/** Like {@link run}, for steps after which there is no going on. */
export function runOrFail(program, args, options) {
  const status = run(program, args, options);
  if (status !== 0) {
    throw new ExpectedError(`Failed (exit code ${status}): ${[program, ...args].join(' ')}`);
  }
}

/** The program's standard output, or undefined when it is missing or fails. */
export function outputOf(program, args) {
  const { status, stdout } = spawnSync(program, args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
  });
  return status === 0 ? stdout : undefined;
}

/** Runs one of the development tools that npm installed, by its script below node_modules. */
export function runTool(script, args, options) {
  return run(
    process.execPath,
    [fileURLToPath(new URL(`../../node_modules/${script}`, import.meta.url)), ...args],
    options,
  );
}
