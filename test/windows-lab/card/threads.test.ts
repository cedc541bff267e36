import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { loadWindowsAddon } from '../../../lib/native-windows.js';
import { openBackend, request, until } from '../manager/support/backend.js';
import { Lab } from '../support/lab.js';

const CHILD = fileURLToPath(new URL('./children/signs.mjs', import.meta.url));

/** The calls in which a signature waits for the card, whichever way it goes. */
const SLOW_CALLS = [
  ['winscard', 'SCardTransmit'],
  ['ncrypt', 'NCryptSignHash'],
] as const;

/** A scenario in a process of its own, told by lines to go on. */
class Scenario {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<[number | null]>;

  constructor(name: string) {
    const child = spawn(process.execPath, [CHILD, name], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill());
    this.#child = child;
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    this.#ended = once(child, 'close') as Promise<[number | null]>;
  }

  /** What it prints next. */
  async says(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done ? undefined : value;
  }

  goOn(): void {
    this.#child.stdin?.write('\n');
  }

  async exitCode(): Promise<number | null> {
    return (await this.#ended)[0];
  }
}

async function scriptAll(lab: Lab, plans: object[]): Promise<void> {
  for (const [component, call] of SLOW_CALLS) {
    await lab.request('script', { component, call, plans });
  }
}

/** Lets the next signature be slow, or never end, and resolves to a wait for it to be under way. */
async function slowDown(lab: Lab, plan: { delayMs: number } | { hang: true }) {
  const calls = async () => {
    const all = await lab.recorded();
    for (const [component] of SLOW_CALLS) all.push(...(await lab.recorded(component)));
    return all.filter(({ call }) => SLOW_CALLS.some(([, name]) => name === call)).length;
  };
  await scriptAll(lab, [plan]);
  const before = await calls();
  return () => until(async () => (await calls()) > before, 'a signature');
}

test.each([
  ['threads', 0],
  ['shared', 1],
])('four threads at once: %s', async (name, cards) => {
  const lab = await Lab.fresh();
  const scenario = new Scenario(name);
  expect(await scenario.says()).toBe('0,0,0,0');
  expect(await scenario.exitCode()).toBe(0);
  expect(await lab.cards()).toHaveLength(cards);
});

test('a call that never returns keeps its thread to itself', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  await backend.create(request());
  const [{ readerName = '' } = {}] = await lab.cards();
  const addon = loadWindowsAddon();
  /** Connects to the card and lets go of it: each call may take over the thread of the one before. */
  const connect = async () => {
    const card = await addon.connectCard(readerName).result;
    await card.close(false).result;
  };
  await connect();
  await lab.scriptWinscard('SCardConnectW', { hang: true }, { hang: true });
  const connects = async () =>
    (await lab.recorded('winscard')).filter(({ call }) => call === 'SCardConnectW').length;
  const before = await connects();
  const hanging = [addon.connectCard(readerName), addon.connectCard(readerName)];
  await until(async () => (await connects()) === before + 2, 'two calls that hang');
  for (let i = 0; i < 10; i += 1) await connect();
  await Promise.all(Array.from({ length: 10 }, connect));
  for (const call of hanging) {
    call.abandon();
    await expect(call.result).rejects.toMatchObject({ code: 'ABANDONED' });
  }
  await connect();
});

test('a process ends in the middle of a signature that never comes', async () => {
  const lab = await Lab.fresh();
  const scenario = new Scenario('exit');
  expect(await scenario.says()).toBe('ready');
  const underWay = await slowDown(lab, { hang: true });
  scenario.goOn();
  expect(await scenario.says()).toBe('signing');
  await underWay();
  scenario.goOn();
  expect(await scenario.exitCode()).toBe(7);
  // The card is as it was, and free for others. The plan that the signature did not meet is dropped.
  await scriptAll(lab, []);
  const [info] = await (await openBackend()).list();
  expect(info).toMatchObject({ state: 'ready', containerCount: 1, pinTriesLeft: 5 });
});

test('a thread that is ended in the middle of a signature leaves the card to others', async () => {
  const lab = await Lab.fresh();
  const scenario = new Scenario('terminate');
  expect(await scenario.says()).toBe('ready');
  const underWay = await slowDown(lab, { delayMs: 1000 });
  scenario.goOn();
  expect(await scenario.says()).toBe('signing');
  await underWay();
  scenario.goOn();
  expect(await scenario.says()).toBe('signed');
  expect(await scenario.exitCode()).toBe(0);
});
