import { execFileSync } from 'node:child_process';

/** Runs the openssl program in a directory whose files stay; throws with its words when it fails. */
export function runOpenssl(cwd: string, line: string): void {
  execFileSync('openssl', line.split(' '), { cwd, stdio: 'pipe' });
}
