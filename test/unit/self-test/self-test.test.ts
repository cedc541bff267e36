import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  AdminKey,
  type SelfTestOptions,
  type SelfTestReport,
  type SelfTestStep,
  selfTest,
  VirtualSmartCardError,
} from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { secretsIn } from '../../support/secret-search.js';
import { TestBackend } from './support/test-backend.js';

/** Nothing here takes that long, however busy the machine is. */
const LONG = 60_000;

async function run(backend: TestBackend, options: SelfTestOptions = {}): Promise<SelfTestReport> {
  await using manager = backend.manager();
  return await selfTest(manager, { timeLimitMs: LONG, ...options });
}

function step(report: SelfTestReport, name: string): SelfTestStep {
  const found = report.steps.find((each) => each.name === name);
  if (!found) throw new Error(`no step ${name}`);
  return found;
}

function named(report: SelfTestReport, outcome: SelfTestStep['outcome']): string[] {
  return report.steps.filter((each) => each.outcome === outcome).map(({ name }) => name);
}

function failWith(code: 'ERR_WINDOWS' | 'ERR_ALGORITHM_NOT_SUPPORTED', details = {}) {
  return async () => {
    throw new VirtualSmartCardError(code, 'It does not work.', details);
  };
}

/** For tests that are not about keys: they take the time. */
function withoutKeys(): TestBackend {
  const backend = new TestBackend();
  backend.faults.set('createContainer', failWith('ERR_WINDOWS'));
  return backend;
}

/** How many wrong PINs a backend has refused. */
function countWrongPins(backend: TestBackend): () => number {
  let wrong = 0;
  backend.faults.set('verifyPin', async (proceed) => {
    try {
      await proceed();
    } catch (error) {
      if (VirtualSmartCardError.is(error) && error.triesLeft !== undefined) wrong += 1;
      throw error;
    }
  });
  return () => wrong;
}

describe('where everything works', () => {
  it('passes, reports each step once, and leaves nothing', async () => {
    const backend = new TestBackend();
    const steps: SelfTestStep[] = [];
    const report = await run(backend, { onStep: (each) => steps.push(each) });
    expect(named(report, 'failed')).toEqual([]);
    expect(report).toMatchObject({
      schema: 1,
      passed: true,
      stopped: false,
      wrongPins: true,
      leftCards: [],
      platform: { backend: 'embedded', node: process.versions.node, arch: process.arch },
      // The cards in memory have no such keys, and no store.
      counts: { failed: 0, 'not-supported': 4, 'left-out': 0, 'not-run': 0 },
    });
    expect(named(report, 'not-supported')).toEqual([
      ...['key-rsa-3072', 'sign-rsa-3072-pkcs1', 'store-link', 'store-after'],
    ]);
    expect(steps).toEqual(report.steps);
    expect(new Set(steps.map(({ name }) => name)).size).toBe(steps.length);
    expect(backend.cards.size).toBe(0);
    expect(backend.openConnections).toBe(0);
    expect(step(report, 'served-by').details).toEqual({ pins: 'APDUs', keys: 'a provider' });
    expect(step(report, 'unblock-by-puk').details).toEqual({ wasBlocked: true, signed: false });
  });

  it('holds no secret, in the report or in what is told', async () => {
    const backend = new TestBackend();
    const told: string[] = [];
    const report = await run(backend, { onStep: (each) => told.push(JSON.stringify(each)) });
    const secrets = backend.secrets.filter((each) => each.length >= 12);
    expect(new Set(secrets.map((each) => each.toString('hex'))).size).toBeGreaterThan(12);
    const text = JSON.stringify(report) + told.join('\n');
    expect(secretsIn(text, secrets)).toEqual([]);
    const [first = Buffer.of()] = secrets;
    for (const form of ['utf8', 'hex', 'base64', 'base64url'] as const) {
      expect(secretsIn(text + first.toString(form), [first])).toEqual([first]);
    }
  });

  it('gives eleven wrong PINs, and none when told so', async () => {
    const [all, none] = [new TestBackend(), new TestBackend()];
    const counts = [countWrongPins(all), countWrongPins(none)];
    await run(all);
    const report = await run(none, { wrongPins: false });
    expect(counts.map((count) => count())).toEqual([11, 0]);
    expect(named(report, 'left-out')).toEqual(['wrong-pin', 'block', 'block-with-puk']);
    expect(report).toMatchObject({ passed: true, wrongPins: false });
    expect(step(report, 'unblock-by-admin-key')).toMatchObject({
      outcome: 'passed',
      details: { wasBlocked: false, signed: true },
    });
  });
});

describe('where something does not', () => {
  it('says what failed, with its codes, and what was not run for it', async () => {
    const backend = new TestBackend();
    const cause = Object.assign(new Error('below'), { code: 'HRESULT', hresult: 0x80100001 });
    const details = { hresult: 0x8010000b, statusWord: 0x6a82, tpmCode: 0x921, cause };
    backend.faults.set('createContainer', failWith('ERR_WINDOWS', details));
    const report = await run(backend);
    expect(report.passed).toBe(false);
    expect(step(report, 'key-rsa-2048')).toMatchObject({
      outcome: 'failed',
      error: {
        code: 'ERR_WINDOWS',
        message: 'It does not work.',
        hresult: '0x8010000B',
        statusWord: '0x6A82',
        tpmCode: '0x00000921',
        causes: [{ code: 'HRESULT', hresult: '0x80100001' }],
      },
    });
    expect(step(report, 'sign-rsa-2048-pkcs1')).toMatchObject({
      outcome: 'not-run',
      reason: 'It needs "key-rsa-2048", which failed.',
    });
    expect(step(report, 'block').outcome).toBe('passed');
    expect(named(report, 'passed')).toEqual(expect.arrayContaining(['destroy', 'list-after']));
    expect(backend.cards.size).toBe(0);
  });

  it('takes what is not offered for no failure, but a missing RSA-2048 for one', async () => {
    const backend = new TestBackend();
    backend.faults.set('createContainer', failWith('ERR_ALGORITHM_NOT_SUPPORTED'));
    const report = await run(backend);
    expect(named(report, 'not-supported')).toEqual([
      ...['key-ec-p256', 'sign-ec-p256-ecdsa', 'key-ec-p384', 'sign-ec-p384-ecdsa'],
      ...['key-rsa-3072', 'sign-rsa-3072-pkcs1'],
    ]);
    expect(named(report, 'failed')).toEqual(['key-rsa-2048', 'enroll-csp', 'enroll-ksp']);
  });

  it('notices a call that gives something wrong without failing', async () => {
    const backend = new TestBackend();
    backend.faults.set('signDigest', async (proceed) => ((await proceed()) as Buffer).fill(7));
    backend.faults.set('decrypt', async () => Buffer.alloc(32));
    backend.faults.set('deleteContainer', async () => undefined);
    const report = await run(backend);
    for (const name of ['sign-rsa-2048-pss', 'decrypt-pkcs1', 'delete-key']) {
      expect(step(report, name).error?.code, name).toBe('UNEXPECTED_RESULT');
    }
    expect(backend.cards.size).toBe(0);
  });

  it('notices a card that takes any PIN, and one that never blocks', async () => {
    const backend = withoutKeys();
    backend.faults.set('verifyPin', async () => undefined);
    const report = await run(backend);
    const failed = ['wrong-pin', 'block', 'block-with-puk'];
    expect(named(report, 'failed')).toEqual(expect.arrayContaining(failed));
    expect(step(report, 'block').error?.message).toBe('The card took a wrong PIN.');
  });

  it('notices cards that a stopped create leaves, and destroys them', async () => {
    const backend = withoutKeys();
    backend.faults.set('create', async (proceed) => {
      try {
        return await proceed();
      } catch (error) {
        const request = backend.requests.at(-1);
        if (request) await backend.create({ ...request, signal: undefined, onProgress: undefined });
        throw error;
      }
    });
    const report = await run(backend, { timeLimitMs: 8000 });
    expect(step(report, 'create-stopped')).toMatchObject({
      outcome: 'failed',
      error: { message: expect.stringContaining('a card was left') },
    });
    expect(step(report, 'clean-up').details).toEqual({ hadToBeDestroyed: 1 });
    expect(backend.cards.size).toBe(0);
    expect(report.leftCards).toEqual([]);
  });

  it('leaves the cards of others alone, and their names out', async () => {
    const backend = withoutKeys();
    await using manager = backend.manager();
    const adminKey = AdminKey.random();
    await manager.create({ name: 'Of Somebody', pin: '12345678', adminKey });
    const report = await run(backend);
    expect(step(report, 'list-before').details).toEqual({ cards: 1 });
    expect(step(report, 'list-after').outcome).toBe('passed');
    expect([...backend.cards.values()].map(({ request }) => request.name)).toEqual(['Of Somebody']);
    expect(JSON.stringify(report)).not.toContain('Of Somebody');
  });

  it('gives no wrong PINs where the TPM is near to its lockout', async () => {
    const backend = withoutKeys();
    backend.lockoutCounter = 23;
    const wrongPins = countWrongPins(backend);
    const report = await run(backend);
    expect(step(report, 'wrong-pin').outcome).toBe('passed');
    expect(step(report, 'block')).toMatchObject({
      outcome: 'not-run',
      reason: expect.stringContaining('counts 23 failures and locks at 32'),
    });
    expect(report.passed).toBe(false);
    expect(wrongPins()).toBe(1);
  });

  it('shows no path of the user', async () => {
    const backend = withoutKeys();
    const path = join(homedir(), 'cards');
    backend.faults.set('tpmStatus', async () => {
      throw new VirtualSmartCardError('ERR_TPM_UNAVAILABLE', `Nobody answers at ${path}.`);
    });
    const report = await run(backend);
    expect(step(report, 'tpm-status').error?.message).toBe(
      `Nobody answers at ${join('~', 'cards')}.`,
    );
    const text = JSON.stringify(report);
    expect(text).not.toContain(JSON.stringify(homedir()).slice(1, -1));
  });
});

describe('cleaning up', () => {
  it('goes on after a call that does not come back', async () => {
    const backend = new TestBackend();
    backend.faults.set('pukTries', () => new Promise(() => undefined));
    const report = await run(backend, { timeLimitMs: 3000 });
    expect(step(report, 'info-with-puk').error?.code).toBe('ERR_TIMEOUT');
    expect(step(report, 'key-rsa-2048')).toMatchObject({
      outcome: 'not-run',
      reason: '"info-with-puk" did not come back.',
    });
    expect(step(report, 'destroy').outcome).toBe('passed');
    expect(report).toMatchObject({ passed: false, stopped: false, leftCards: [] });
    expect(backend.cards.size).toBe(0);
  });

  it('destroys a card that appears after the test has given it up', async () => {
    const backend = withoutKeys();
    let appear = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      appear = resolve;
    });
    let created = 0;
    backend.faults.set('create', async (proceed) => {
      created += 1;
      if (created !== 2) return proceed();
      await late;
      const request = backend.requests.at(-1);
      if (!request) throw new Error('no request');
      return backend.create({ ...request, name: 'late', signal: undefined, onProgress: undefined });
    });
    await using manager = backend.manager();
    const report = await selfTest(manager, { timeLimitMs: 2000 });
    expect(step(report, 'create').error?.code).toBe('ERR_TIMEOUT');
    expect(backend.cards.size).toBe(0);
    appear();
    await vi.waitFor(() => expect(created).toBe(3));
    await vi.waitFor(() => expect(backend.cards.size).toBe(0));
  });

  it('names the cards that could not be destroyed', async () => {
    const backend = withoutKeys();
    backend.faults.set('destroy', failWith('ERR_WINDOWS'));
    const report = await run(backend, { timeLimitMs: 8000 });
    expect(report.leftCards).toEqual([...backend.cards.keys()]);
    expect(report.leftCards).toHaveLength(2);
    expect(named(report, 'failed')).toEqual(
      expect.arrayContaining(['destroy', 'destroy-with-puk', 'clean-up', 'list-after']),
    );
  });

  it('destroys what it knows of where no list is to be had any more', async () => {
    const backend = withoutKeys();
    let broken = false;
    backend.faults.set('list', async (proceed) => {
      if (broken) throw new VirtualSmartCardError('ERR_WINDOWS', 'No list.');
      return proceed();
    });
    let destroyed = 0;
    backend.faults.set('destroy', async (proceed) => {
      destroyed += 1;
      broken = true;
      if (destroyed <= 2) throw new VirtualSmartCardError('ERR_WINDOWS', 'Not yet.');
      return proceed();
    });
    const report = await run(backend);
    expect(backend.cards.size).toBe(0);
    expect(report).toMatchObject({ passed: false, leftCards: [] });
    expect(step(report, 'clean-up').error?.message).toBe('No list.');
  });

  it('is done when the test is stopped, wherever that is', async () => {
    for (const at of ['list-before', 'create-stopped', 'create', 'create-with-puk', 'wrong-pin']) {
      const backend = withoutKeys();
      const stop = new AbortController();
      const onStep = ({ name }: SelfTestStep) => {
        if (name === at) stop.abort();
      };
      const report = await run(backend, { signal: stop.signal, onStep });
      expect(report, at).toMatchObject({ passed: false, stopped: true, leftCards: [] });
      expect(step(report, 'change-pin'), at).toMatchObject({ outcome: 'not-run' });
      expect(step(report, 'list-after').outcome, at).toBe('passed');
      expect(backend.cards.size, at).toBe(0);
    }
  });

  it('is done when the test is stopped within a create', async () => {
    const backend = withoutKeys();
    const stop = new AbortController();
    let created = 0;
    backend.faults.set('create', (proceed) => {
      created += 1;
      if (created === 3) stop.abort();
      return proceed();
    });
    const report = await run(backend, { signal: stop.signal });
    expect(step(report, 'create').outcome).toBe('passed');
    expect(step(report, 'create-with-puk')).toMatchObject({
      outcome: 'not-run',
      reason: 'The test was stopped.',
    });
    expect(backend.cards.size).toBe(0);
  });

  it('is done when the listener throws, whose error comes through', async () => {
    const backend = withoutKeys();
    const failure = new Error('no more');
    const told: string[] = [];
    const onStep = ({ name }: SelfTestStep) => {
      told.push(name);
      if (name === 'create') throw failure;
    };
    await expect(run(backend, { onStep })).rejects.toBe(failure);
    expect(told.at(-1)).toBe('create');
    expect(backend.cards.size).toBe(0);
  });
});

describe('its arguments', () => {
  it('are checked before anything is done', async () => {
    const backend = new TestBackend();
    await using manager = backend.manager();
    const wrong: [unknown, unknown, string][] = [
      [{}, {}, 'manager'],
      [manager, { wrongPin: false }, 'options'],
      [manager, { wrongPins: 'no' }, 'wrongPins'],
      [manager, { timeLimitMs: 0 }, 'timeLimitMs'],
      [manager, { timeLimitMs: '5' }, 'timeLimitMs'],
      [manager, { onStep: 1 }, 'onStep'],
      [manager, { signal: 1 }, 'signal'],
    ];
    for (const [first, second, parameter] of wrong) {
      const call = selfTest(first as typeof manager, second as SelfTestOptions);
      expect((await expectError(call, 'ERR_INVALID_ARGUMENT')).parameter).toBe(parameter);
    }
    await expectError(selfTest(manager, { signal: AbortSignal.abort() }), 'ERR_ABORTED');
    expect(backend.requests).toEqual([]);
  });
});
