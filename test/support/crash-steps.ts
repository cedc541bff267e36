import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildReport, CrashChild, type CrashJob, runOperation } from './crash-child.js';

/**
 * Kills, or breaks off, an operation at an exact step: strace watches the system calls on the
 * store's files and tampers with the n-th. Since strace counts for each thread, those that write to
 * the card files and those that write to the software TPM's state are told apart by their paths.
 */
export interface Step {
  /** The store's own file, the card files, the software TPM's state, or a TPM's socket. */
  side: Side;
  call: string;
  /** Which of that side's calls of that name, from the start of the process, counted from 1. */
  number: number;
  /** What strace showed of it. */
  text: string;
}

export type Side = 'store' | 'cards' | 'tpm' | 'socket';

/** The calls that change what is on the disk, and the mark with which an operation begins. */
const CHANGES = [
  'openat',
  'write',
  'pwrite64',
  'ftruncate',
  'fsync',
  'fdatasync',
  '?rename',
  'renameat',
  'renameat2',
  '?unlink',
  'unlinkat',
];
const MARK = ['?access', 'faccessat', 'faccessat2', '?stat', 'newfstatat', 'statx'];

const CALL = /^(\d+) +([a-z0-9]+)\((.*)$/;

/** Calls of a side that are steps. To a socket goes what the main thread writes. */
function callsOf(side: Side): string[] {
  return side === 'socket' ? ['write'] : CHANGES;
}

const CARD_FILES = ['0000', '0001'].flatMap((card) =>
  ['card', 'intent'].flatMap((kind) => [`cards/${card}.${kind}`, `cards/${card}.${kind}.tmp`]),
);
const FILES = {
  store: ['.', 'store.json', 'store.json.tmp'],
  cards: ['cards', ...CARD_FILES],
  tpm: ['tpm', 'tpm/permall', 'tpm/permall.new'],
};

/** strace's options for the paths of a side; a socket has none. */
function paths(root: string, side: Side): string[] {
  if (side === 'socket') return [];
  return [...FILES[side], 'begin'].flatMap((file) => ['-P', join(root, file)]);
}

/** Lets a child perform its operation under strace: its steps on that side, in order. */
export async function recordSteps(
  job: CrashJob,
  side: Side,
): Promise<{ steps: Step[]; report: ChildReport }> {
  const log = join(tmpdir(), `vsc-strace-${randomBytes(6).toString('hex')}`);
  try {
    const calls = [...callsOf(side), ...MARK].join(',');
    const watched = paths(job.stateDirectory, side);
    const strace = ['strace', '-f', '-qq', '-o', log, ...watched, '-e', `trace=${calls}`];
    const { report } = await runOperation(job, strace);
    return { steps: parse(await readFile(log, 'utf8'), side), report };
  } finally {
    await rm(log, { force: true });
  }
}

function parse(log: string, side: Side): Step[] {
  const calls = log
    .split('\n')
    .map((line) => CALL.exec(line)?.slice(1))
    .filter((call) => call !== undefined);
  const mark = calls.findIndex(([, , text]) => text?.includes('/begin"'));
  if (mark < 0) throw new Error(`strace saw no operation begin:\n${log}`);
  const mainThread = calls[mark]?.[0];
  const counts = new Map<string, number>();
  const steps: Step[] = [];
  for (const [at, [thread, call = '', text]] of calls.entries()) {
    if (side === 'socket' && thread !== mainThread) continue;
    if (!callsOf(side).some((name) => name.replace('?', '') === call)) continue;
    const number = (counts.get(call) ?? 0) + 1;
    counts.set(call, number);
    if (at > mark) steps.push({ side, call, number, text: `${call}(${text}` });
  }
  return steps;
}

/** Kills a child when it is about to take the step, or when its operation has ended without. */
export async function killAtStep(job: CrashJob, step: Step): Promise<ChildReport> {
  const child = new CrashChild(job, tampering(job, step, `signal=SIGKILL:when=${step.number}`));
  await child.next('done', 'rejected', 'failed');
  return child.kill();
}

/** Lets the step, and every later call of its kind, fail as on a full disk. */
export function fullDiskFrom(job: CrashJob, step: Step): CrashChild {
  return new CrashChild(job, tampering(job, step, `error=ENOSPC:when=${step.number}+`));
}

function tampering(job: CrashJob, step: Step, what: string): string[] {
  const watched = paths(job.stateDirectory, step.side);
  const inject = ['-e', `trace=${step.call}`, '-e', `inject=${step.call}:${what}`];
  return ['strace', '-f', '-qq', '-o', '/dev/null', ...watched, ...inject];
}
