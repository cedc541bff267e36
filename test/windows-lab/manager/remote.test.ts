import { expect, test } from 'vitest';
import { expectError } from '../../support/expect-error.js';
import { Lab } from '../support/lab.js';
import { openBackend, request } from './support/backend.js';

// Wine activates no class of another machine: what a call there is like cannot be tried.

test('another machine is never taken for this one', async () => {
  const lab = await Lab.fresh();
  const remote = await openBackend({ machine: 'localhost' });
  for (const call of [
    remote.create(request()),
    remote.destroy('ROOT\\SMARTCARDREADER\\0000', {}),
  ]) {
    const error = await expectError(call, 'ERR_NOT_SUPPORTED');
    expect(error.hresult).toBe(0x80040154);
    expect(error.message).toContain('localhost');
  }
  expect(await lab.recorded()).toEqual([]);
});

test("COM's settings for another machine leave this one's manager usable", async () => {
  const lab = await Lab.fresh();
  const remote = await openBackend({ machine: 'localhost' });
  const local = await openBackend();
  const id = await local.create(request());
  await expectError(remote.create(request()), 'ERR_NOT_SUPPORTED');
  await local.destroy(id, {});
  await expectError(remote.create(request()), 'ERR_NOT_SUPPORTED');
  await local.create(request());
  expect(await lab.cards()).toHaveLength(1);
});
