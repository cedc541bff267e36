import { readdir, rm, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { ENDED_AT_ONCE, LEFT, type Stage, stageOf } from '../../lib/cli/interrupted-work.js';
import { VERBS } from '../../lib/cli/verbs.js';
import { CommandLine, type ProgramRun } from '../support/cli.js';
import { withManager } from '../support/crash-store.js';
import { EstServer } from '../support/est-server.js';
import { OpensslCa } from '../support/openssl-ca.js';
import { otherPin } from '../support/store.js';

const HOOK = new URL('children/interrupt-at-write.mjs', import.meta.url).href;
const INF = '[NewRequest]\nSubject = "CN=Jo"\nKeyAlgorithm = ECDSA_P256\nKeyContainer = made\n';

let cli: CommandLine;

beforeEach(async () => {
  cli = await CommandLine.start();
});

interface Moment {
  at: number;
  signal?: NodeJS.Signals;
  holds?: boolean;
}

/** Runs a line that is interrupted at a write; `reached`: whether it came to that write. */
async function interrupted(
  words: readonly string[],
  input: string,
  { at, signal = 'SIGINT', holds = false }: Moment,
): Promise<ProgramRun & { reached: boolean }> {
  const mark = cli.path('mark');
  const env = {
    ...cli.env,
    NODE_OPTIONS: `--import=${HOOK}`,
    VSC_TEST_INTERRUPT: JSON.stringify({ at, signal, mark, holds }),
  };
  const run = await cli.run([...words, '--json'], { input, env });
  const reached = (await readdir(cli.folder)).includes('mark');
  await rm(mark, { force: true });
  return { ...run, reached };
}

function messageOf({ stderr }: ProgramRun): unknown {
  return (JSON.parse(stderr) as { message: unknown }).message;
}

/** All that a verb may change, but for a PIN. */
async function state() {
  const files = (await readdir(cli.folder)).sort();
  return withManager(cli.path('store'), async (manager) => {
    const cards = await manager.list();
    const [first] = cards;
    if (!first) return { cards, files, keys: [] };
    return { cards, files, keys: await (await manager.card(first.instanceId)).containers() };
  });
}

/**
 * Interrupts a line before each of its writes in turn: either everything is as it was, and the message is
 * what `LEFT` has, or the line has done all of its work, and says so.
 *
 * @param again - brings back what was there before
 * @returns how often either came
 */
async function interruptEverywhere(
  words: readonly string[],
  input: string,
  { stage, again }: { stage: Stage; again: () => Promise<unknown> },
): Promise<{ stopped: number; done: number }> {
  const counts = { stopped: 0, done: 0 };
  const before = await state();
  for (let at = 1; ; at += 1) {
    const run = await interrupted(words, input, { at });
    const after = await state();
    if (!run.reached) {
      expect(run.exitCode, run.stderr).toBe(0);
      return counts;
    }
    expect([0, 130], run.stderr).toContain(run.exitCode);
    if (run.exitCode === 130) {
      expect(messageOf(run)).toBe(`Interrupted. ${LEFT[stage]}`);
      expect(after).toEqual(before);
      counts.stopped += 1;
    } else {
      expect(after).not.toEqual(before);
      await again();
      counts.done += 1;
    }
  }
}

const byPin = (...words: string[]) => [...words, '--instance', '0000', '--pin-stdin'];
const pinLine = () => `${cli.pin}\n`;
const deleteMade = () => cli.json(byPin('keys', 'delete', '--container', 'made'), pinLine());

describe('an interruption before each write', () => {
  it('of create leaves no card, or the whole one', async () => {
    const words = [
      'create',
      '--name',
      'X',
      '--generate',
      '--pin-stdin',
      '--admin-key-out',
      cli.path('key'),
    ];
    const again = async () => {
      await cli.json(['destroy', '--instance', '0000']);
      await rm(cli.path('key'));
    };
    const { stopped } = await interruptEverywhere(words, pinLine(), { stage: 'create', again });
    expect(stopped).toBeGreaterThan(0);
  });

  it.each([
    ['Cert', 'out.cer'],
    ['PKCS10', 'out.req'],
  ])('of certreq -new leaves no key of a request of type %s', async (type, out) => {
    await cli.create();
    await cli.json(byPin('certreq', '-new', await inf('first', 'Cert'), cli.path('f')), pinLine());
    const words = byPin('certreq', '-new', await inf('made', type), cli.path(out));
    const again = async () => {
      await deleteMade();
      await rm(cli.path(out));
    };
    const stage = 'certreq -new';
    const { stopped } = await interruptEverywhere(words, pinLine(), { stage, again });
    expect(stopped).toBeGreaterThan(3);
  });

  it('of certreq -accept leaves the key waiting, or stores the certificate', async () => {
    await cli.create();
    const request = byPin('certreq', '-new', await inf('made', 'PKCS10'), cli.path('made.req'));
    const { pem } = await cli.json(request, pinLine());
    const ca = await OpensslCa.make(cli.folder, 'EC');
    await writeFile(cli.path('made.pem'), await ca.sign(pem as string));
    const words = byPin('certreq', '-accept', cli.path('made.pem'));
    const before = await state();
    let at = 1;
    let run = await interrupted(words, pinLine(), { at });
    for (; run.exitCode === 130; run = await interrupted(words, pinLine(), { at })) {
      expect(messageOf(run)).toBe(`Interrupted. ${LEFT['certreq -accept']}`);
      expect(await state()).toEqual(before);
      at += 1;
    }
    expect(run.exitCode, run.stderr).toBe(0);
    expect((await state()).keys).toMatchObject([{ name: 'made', hasCertificate: true }]);
  });

  it('of keys delete keeps the key, or deletes it', async () => {
    await cli.create();
    const make = async () =>
      cli.json(byPin('certreq', '-new', '-f', await inf('made', 'Cert'), cli.path('o')), pinLine());
    await make();
    const words = byPin('keys', 'delete', '--container', 'made');
    const stage = 'keys delete';
    const counts = { stopped: 0, done: 0 };
    for (let at = 1; ; at += 1) {
      const run = await interrupted(words, pinLine(), { at });
      const { keys } = await state();
      if (run.exitCode === 130) {
        expect(messageOf(run)).toBe(`Interrupted. ${LEFT[stage]}`);
        expect(keys).toMatchObject([{ name: 'made', hasCertificate: true }]);
        counts.stopped += 1;
      } else {
        expect(run.exitCode, run.stderr).toBe(0);
        expect(keys).toEqual([]);
        counts.done += 1;
      }
      if (!run.reached) break;
      if (run.exitCode === 0) await make();
    }
    expect(counts.stopped).toBeGreaterThan(0);
    expect(counts.done).toBeGreaterThan(0);
  });

  it('of change-pin and of destroy does not stop what is decided, and the result is shown', async () => {
    await cli.create();
    const pins = [cli.pin, otherPin(Buffer.from(cli.pin)).toString()] as const;
    for (let at = 1; ; at += 1) {
      const [old, next] = at % 2 === 1 ? pins : ([pins[1], pins[0]] as const);
      const run = await interrupted(byPin('change-pin'), `${old}\n${next}\n`, { at });
      expect(run.exitCode, run.stderr).toBe(0);
      await cli.json(byPin('verify-pin'), `${next}\n`);
      if (!run.reached) break;
    }
    const gone = await interrupted(['destroy', '--instance', '0000'], '', { at: 1 });
    expect(gone).toMatchObject({ reached: true, exitCode: 0 });
    expect(await cli.json(['list'])).toEqual({ cards: [] });
  });
});

it('the exit code is that of the signal', async () => {
  await cli.create();
  const words = byPin('certreq', '-new', await inf('made', 'Cert'), cli.path('out.cer'));
  const run = await interrupted(words, pinLine(), { at: 1, signal: 'SIGTERM' });
  expect(run).toMatchObject({ exitCode: 143, reached: true });
});

it('a second signal amid the work ends it at once, says so, and the next command goes on', async () => {
  await cli.create();
  const words = byPin('certreq', '-new', await inf('made', 'Cert'), cli.path('out.cer'));
  const before = await state();
  const run = await interrupted(words, pinLine(), { at: 4, holds: true });
  expect(run).toMatchObject({ exitCode: 130, reached: true });
  expect(messageOf(run)).toBe(ENDED_AT_ONCE);
  const { keys } = await state();
  expect(keys).toEqual(before.keys);
  await cli.json(words, pinLine());
  expect(await cli.json(['keys'])).toMatchObject({
    keys: [{ name: 'made', hasCertificate: true }],
  });
});

describe('an interruption while an EST server is waited for', () => {
  async function setUp() {
    await cli.create();
    const server = await EstServer.start({ username: 'jo', password: 'pass word' });
    await writeFile(cli.path('root.pem'), server.ca.pem);
    const path = await inf('made', 'PKCS10');
    const words = (file: string) => [
      ...byPin('est', 'enroll', file, '--user', 'jo', '--url', server.url),
      ...['--ca-file', cli.path('root.pem')],
    ];
    return { server, path, words, input: `${cli.pin}\npass word\n` };
  }

  it('deletes the key, and tells what the CA may have done', async () => {
    const { server, path, words, input } = await setUp();
    server.fallSilent();
    const before = await state();
    const run = await cli.run([...words(path), '--json'], {
      input,
      started: async (child) => {
        while (!server.asked.some((each) => each.path.endsWith('simpleenroll'))) await pause();
        child.kill('SIGTERM');
      },
    });
    expect(run.exitCode).toBe(143);
    expect(messageOf(run)).toBe(`Interrupted. ${LEFT['est enroll']}`);
    expect(await state()).toEqual(before);
  });

  it('keeps the request that the CA has taken, and its key', async () => {
    const { server, path, words, input } = await setUp();
    server.answerNext({ status: 202, headers: { 'retry-after': '60' } });
    const run = await cli.run([...words(path), '--wait'], {
      input,
      started: (child) => {
        let shown = '';
        child.stdout?.on('data', (text: Buffer) => {
          shown += text;
          if (shown.includes('Waiting for')) child.kill('SIGINT');
        });
      },
    });
    expect(run.exitCode).toBe(130);
    expect(run.stderr).toContain(`Interrupted. ${LEFT['est enroll, waiting']}`);
    expect((await state()).keys).toMatchObject([{ name: 'made', hasCertificate: false }]);
    const issued = await cli.json(words(cli.path('made.req')), input);
    expect(issued).toMatchObject({ state: 'issued', container: 'made' });
  });
});

it('every verb says what it leaves', () => {
  for (const { name } of VERBS) expect(LEFT[stageOf(name)]).toMatch(/^[A-Z].*\.$/);
  const parts = Object.keys(LEFT).filter((stage) => !VERBS.some(({ name }) => name === stage));
  expect(parts.filter((stage) => !/^(certreq -|est enroll, )/.test(stage))).toEqual([]);
});

/** An INF beside the others. */
async function inf(container: string, type: string): Promise<string> {
  const path = cli.path(`${container}.inf`);
  const text = INF.replace('= made', `= ${container}`);
  await writeFile(path, `${text}RequestType = ${type}\n`);
  return path;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
