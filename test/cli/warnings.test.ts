import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import type { Backend } from '../../lib/backend/backend.js';
import { run } from '../../lib/cli/run.js';
import { VirtualSmartCardManager } from '../../lib/index.js';

/** A store without cards. */
const EMPTY = { kind: 'embedded', list: async () => [], close: async () => undefined };

/** Runs a line whose store warns when it is opened, as a new one on a software TPM does. */
async function runWithWarning(words: readonly string[]) {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const exitCode = await run(words, {
    stdin: new PassThrough(),
    stdout: streams.stdout as unknown as NodeJS.WriteStream,
    stderr: streams.stderr as unknown as NodeJS.WriteStream,
    env: {},
    open: async () => {
      process.emitWarning('This TPM is software.', { type: 'VirtualSmartCardWarning' });
      return VirtualSmartCardManager.over(EMPTY as unknown as Backend);
    },
  });
  streams.stdout.end();
  streams.stderr.end();
  return { exitCode, stdout: await text(streams.stdout), stderr: await text(streams.stderr) };
}

it('a warning of the library is said once, in plain words, on standard error', async () => {
  expect(await runWithWarning(['list'])).toEqual({
    exitCode: 0,
    stdout: 'There are no cards.\n',
    stderr: 'warning: This TPM is software.\n',
  });
});

it('with --json it is part of the document', async () => {
  const { stdout, stderr } = await runWithWarning(['list', '--json']);
  expect(JSON.parse(stdout)).toEqual({ cards: [], warnings: ['This TPM is software.'] });
  expect(stderr).toBe('');
});
