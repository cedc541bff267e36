import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { count } from '../../support/counts.js';
import { type Sample, slope } from '../../support/slope.js';
import { Lab } from '../support/lab.js';
import { measure, type Resources } from '../support/resources.js';

const CHILD = fileURLToPath(new URL('./children/cycles.mjs', import.meta.url));
const ROUNDS = count(30, 1000);
const SIGNATURES = count(200, 10_000);
/** Then it says now and then how far it is, by which the lab's watchdog sees that it goes on. */
const isLong = count(0, 1) === 1;

const SERVER = 'TpmVscMgrSvr.exe';

/** As in the leak tests: V8's own growth would hide a leak. */
const QUIET_V8 = ['--expose-gc', '--max-semi-space-size=1', '--no-opt', '--single-threaded'];

/** Threads that sleep now and are ended later hold some; a leak has one or more for each cycle. */
const FEW_HANDLES = 12;

interface Measured {
  cycle: number;
  /** The process that does the work. */
  client: Resources;
  servers: Resources[];
}

/** Runs the cycles in a process of their own and measures it and the managers' servers in between. */
async function sample(kind: string, cycles: number): Promise<Measured[]> {
  const every = Math.ceil(cycles / count(10, 100));
  const job = JSON.stringify({ kind, cycles, every });
  const child = spawn(process.execPath, [...QUIET_V8, CHILD, job], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const samples: Measured[] = [];
  for await (const line of createInterface(child.stdout)) {
    const { cycle } = JSON.parse(line) as { cycle: number };
    const processes = await measure('node.exe', SERVER);
    const client = processes.find(({ id }) => id === child.pid);
    if (!client) throw new Error(`No process ${child.pid} among ${JSON.stringify(processes)}`);
    const servers = processes.filter(({ name }) => name === SERVER);
    samples.push({ cycle, client, servers });
    if (isLong) {
      const size = mebibytes(client.privateBytes);
      console.log(`${kind} ${cycle}: ${size} private, ${client.handles} handles`);
    }
    child.stdin.write('\n');
  }
  expect(await ended).toEqual([0, null]);
  return samples;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Slopes over the last 80 %, for the reader of the log. */
function report(description: string, samples: Measured[]): void {
  const of = (amount: (measured: Measured) => number) =>
    slope(samples.map((measured): Sample => [measured.cycle, amount(measured)]));
  const server = ({ servers }: Measured) => servers[0] as Resources;
  const last = samples.at(-1) as Measured;
  console.log(
    `${description}: ${last.cycle} times on Node ${process.versions.node}; growth each time, over the` +
      ` last 80 %: ${of(({ client }) => client.privateBytes).toFixed(0)} private bytes,` +
      ` ${of(({ client }) => client.workingSet).toFixed(0)} bytes of working set,` +
      ` ${of(({ client }) => client.handles).toFixed(4)} handles; at the end` +
      ` ${mebibytes(last.client.privateBytes)} private, ${last.client.handles} handles. The server:` +
      ` ${of((measured) => server(measured).privateBytes).toFixed(0)} private bytes,` +
      ` ${of((measured) => server(measured).handles).toFixed(4)} handles`,
  );
}

/** How many handles more there are at the end than when all was warm. */
function growth(samples: Measured[]): number {
  const warm = samples[Math.floor(samples.length * 0.2)] as Measured;
  return (samples.at(-1) as Measured).client.handles - warm.client.handles;
}

test.each([
  ['card', 'create and destroy a card', ROUNDS],
  ['sign', 'sign', SIGNATURES],
])(`again and again: %s`, async (kind, description, cycles) => {
  await Lab.fresh();
  const samples = await sample(kind, cycles);
  report(description, samples);
  expect(samples.at(-1)?.cycle).toBe(cycles);
  expect(samples.map(({ servers }) => servers.length)).toEqual(samples.map(() => 1));
  expect(growth(samples)).toBeLessThanOrEqual(FEW_HANDLES);
});

test('the measurement sees a handle that is lost each time', async () => {
  const cycles = 3 * FEW_HANDLES;
  expect(growth(await sample('leak', cycles))).toBeGreaterThan(FEW_HANDLES);
});
