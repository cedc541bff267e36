import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What a process takes of the system, as others see it. */
export interface Resources {
  name: string;
  id: number;
  handles: number;
  threads: number;
  /** Bytes. */
  privateBytes: number;
  workingSet: number;
}

/** Measures the processes that run one of the programs. */
export async function measure(...programs: string[]): Promise<Resources[]> {
  const { stdout } = await execute('process_resources.exe', programs);
  return JSON.parse(stdout);
}
