import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Lab } from './support/lab.js';
import { callManager, createArguments, policyBytes } from './support/manager-client.js';

const CREATED = [0, 1, 3, 4, 6, 7, 9, 10, 11, 12];
const E_INVALIDARG = 0x80070057;
const E_ABORT = 0x80004004;
const BAD_STUB_DATA = 0x800706f7;

const create = (changes: Record<string, unknown>) => ({
  method: 'CreateVirtualSmartCard' as const,
  arguments: createArguments(changes),
});

test('creates, reports and destroys a card by every method', async () => {
  const lab = await Lab.fresh();
  const pinPolicy = policyBytes(1, 4, 127, 0, 0, 0, 0, 0);
  const pin = Buffer.from('1234').toString('base64');
  const answers = await callManager(
    create({ friendlyName: 'Käse 🧀' }),
    {
      method: 'CreateVirtualSmartCardWithPinPolicy',
      arguments: createArguments({ pin, pinPolicy }),
    },
    {
      method: 'CreateVirtualSmartCardWithAttestation',
      arguments: createArguments({ pin, pinPolicy, attestationType: 1, generate: false }),
    },
  );
  expect(answers).toEqual([
    created('ROOT\\SMARTCARDREADER\\0000', CREATED),
    created('ROOT\\SMARTCARDREADER\\0001', CREATED),
    created('ROOT\\SMARTCARDREADER\\0002', [0, 1, 3, 4, 6, 7, 12]),
  ]);
  expect((await lab.cards()).map(({ name }) => name)).toEqual(['Käse 🧀', 'Lab card', 'Lab card']);
  const [destroyed, unknown] = await callManager(
    { method: 'DestroyVirtualSmartCard', arguments: { instanceId: 'root\\smartcardreader\\0001' } },
    { method: 'DestroyVirtualSmartCard', arguments: { instanceId: 'ROOT\\SMARTCARDREADER\\0001' } },
  );
  expect(destroyed).toMatchObject({ result: 0, progress: [8, 5, 2, 13], errors: [] });
  expect(unknown).toMatchObject({ result: 0x80070490, progress: [8], errors: [11, 18] });
  expect(await lab.cards()).toHaveLength(2);
});

function created(instanceId: string, progress: number[]) {
  return { result: 0, instanceId, needReboot: false, progress, errors: [] };
}

test('refuses every argument that the specification forbids', async () => {
  const lab = await Lab.fresh();
  const bytes = (length: number) => randomBytes(length).toString('base64');
  const digits = (length: number) => Buffer.alloc(length, '7').toString('base64');
  const withPolicy = (changes: Record<string, unknown>) => ({
    method: 'CreateVirtualSmartCardWithPinPolicy' as const,
    arguments: createArguments({ pinPolicy: null, ...changes }),
  });
  const forbidden = [
    create({ adminAlgorithmId: 0x02 }),
    create({ adminKey: bytes(23), adminKcv: null }),
    create({ adminKcv: bytes(2) }),
    create({ adminKcv: bytes(3) }),
    create({ puk: digits(7) }),
    create({ puk: digits(128) }),
    create({ pin: digits(7) }),
    create({ pin: digits(128) }),
    withPolicy({ pin: digits(3) }),
    withPolicy({ pinPolicy: bytes(31) }),
    withPolicy({ pinPolicy: policyBytes(0, 8, 127, 0, 0, 0, 0, 0) }),
    withPolicy({ pinPolicy: policyBytes(1, 3, 127, 0, 0, 0, 0, 0) }),
    withPolicy({ pinPolicy: policyBytes(1, 8, 128, 0, 0, 0, 0, 0) }),
    withPolicy({ pinPolicy: policyBytes(1, 9, 8, 0, 0, 0, 0, 0) }),
    withPolicy({ pinPolicy: policyBytes(1, 8, 127, 0, 0, 0, 0, 3) }),
    {
      method: 'CreateVirtualSmartCardWithAttestation' as const,
      arguments: createArguments({ pinPolicy: null, attestationType: 3 }),
    },
  ];
  const answers = await callManager(...forbidden);
  for (const [index, answer] of answers.entries()) {
    const call = JSON.stringify(forbidden[index]);
    expect(answer, call).toMatchObject({ result: E_INVALIDARG, instanceId: null, progress: [] });
  }
  expect(answers).toHaveLength(forbidden.length);
  expect(await lab.cards()).toEqual([]);
});

test('a PIN that breaks the policy is a matter of PIN complexity', async () => {
  await Lab.fresh();
  const [answer] = await callManager({
    method: 'CreateVirtualSmartCardWithPinPolicy',
    arguments: createArguments({ pinPolicy: policyBytes(1, 4, 127, 1, 0, 0, 0, 0) }),
  });
  expect(answer).toMatchObject({ result: E_INVALIDARG, errors: [1, 17] });
});

test('a size without a pointer, and a pointer without a size, do not get through', async () => {
  await Lab.fresh();
  const answers = await callManager(
    create({ puk: null, pukSize: 8 }),
    create({ puk: '', pukSize: 0 }),
    create({ adminKcv: null, adminKcvSize: 3 }),
    create({ adminKcv: '', adminKcvSize: 0 }),
  );
  expect(answers.map(({ result }) => result)).toEqual(Array(4).fill(BAD_STUB_DATA));
});

test('an abort at any step leaves nothing', async () => {
  const lab = await Lab.fresh();
  const answers = await callManager(...CREATED.map((abortAt) => ({ ...create({}), abortAt })));
  for (const [index, answer] of answers.entries()) {
    expect(answer).toMatchObject({
      result: E_ABORT,
      instanceId: null,
      progress: CREATED.slice(0, index + 1),
    });
  }
  expect(await lab.cards()).toEqual([]);
});

test('an older system has fewer interfaces', async () => {
  const lab = await Lab.fresh();
  const pinPolicy = policyBytes(1, 8, 127, 0, 0, 0, 0, 0);
  const requests = [
    create({}),
    {
      method: 'CreateVirtualSmartCardWithPinPolicy' as const,
      arguments: createArguments({ pinPolicy }),
    },
    {
      method: 'CreateVirtualSmartCardWithAttestation' as const,
      arguments: createArguments({ pinPolicy, attestationType: 0 }),
    },
  ];
  const results = [];
  for (const version of [1, 2, 3] as const) {
    await lab.setManagerVersion(version);
    results.push((await callManager(...requests)).map(({ result }) => result.toString(16)));
  }
  expect(results).toEqual([
    ['0', '80004002', '80004002'],
    ['0', '0', '80004002'],
    ['0', '0', '0'],
  ]);
});

test('does what a test scripts: fail, fail half-way, ask for a reboot, leave out the id', async () => {
  const lab = await Lab.fresh();
  await lab.script(
    'CreateVirtualSmartCard',
    { result: 0x8028400f, errors: [4, 17] },
    { after: 11, result: 0x80100017, errors: [16, 17] },
    { needReboot: true, nullInstanceId: true },
    null,
  );
  const answers = await callManager(create({}), create({}), create({}), create({}), create({}));
  expect(answers).toMatchObject([
    { result: 0x8028400f, progress: [], errors: [4, 17], instanceId: null },
    { result: 0x80100017, progress: CREATED.slice(0, -1), errors: [16, 17], instanceId: null },
    { result: 0, needReboot: true, instanceId: null, progress: CREATED },
    { result: 0, needReboot: false },
    { result: 0, needReboot: false },
  ]);
  expect(await lab.cards()).toHaveLength(3);
});

test('ends in mid-call as a crash does, and serves again', async () => {
  const lab = await Lab.fresh();
  await lab.script('CreateVirtualSmartCard', { after: 4, crash: true });
  const [crashed] = await callManager(create({}));
  expect(crashed?.result.toString(16)).toBe('800706be');
  const [next] = await callManager(create({}));
  expect(next?.result).toBe(0);
  expect(await lab.cards()).toHaveLength(1);
});

test('records each call byte for byte', async () => {
  const lab = await Lab.fresh();
  const request = create({ puk: Buffer.from('87654321').toString('base64') });
  await callManager(request);
  const { friendlyName, ...rest } = request.arguments;
  expect(await lab.recorded()).toEqual([
    {
      component: 'com',
      call: 'CreateVirtualSmartCard',
      arguments: {
        ...rest,
        friendlyName: Buffer.from(String(friendlyName), 'utf16le').toString('base64'),
        adminKeySize: 24,
        adminKcvSize: 3,
        pukSize: 8,
        pinSize: 8,
        generate: 1,
        statusCallback: true,
      },
    },
  ]);
});
