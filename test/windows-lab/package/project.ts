import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** The project in which the harness has installed the packed package. */
export const PROJECT = process.env['VSC_LAB_PROJECT'] ?? '';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs Node in the project, as a user does: without what the harness and vitest tell Node. */
export async function node(args: string[], input = ''): Promise<Ended> {
  if (PROJECT === '') throw new Error('The harness has installed no package for this run');
  const { PREBUILDS_ONLY: _1, NODE_OPTIONS: _2, VSC_LAB_PROJECT: _3, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd: PROJECT, env });
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

/** The command line's program, as the project has it. */
export const COMMAND = 'node_modules\\virtual-smartcard\\dist\\cli\\main.js';

/** The command line, and what it must print when all is well. */
export async function virtualSmartcard(words: string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await node([COMMAND, ...words], input);
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}\n${stdout}${stderr}`);
  return stdout;
}
