import { expect, it } from 'vitest';
import { readUserStore } from '../../../lib/self-test/user-store.js';
import { expectError } from '../../support/expect-error.js';

const [ONE, OTHER] = ['0A'.repeat(20), 'FF'.repeat(20)];

it('asks PowerShell for each certificate by its path in the store', async () => {
  const calls: [string, readonly string[]][] = [];
  const entries = await readUserStore([ONE, OTHER], async (program, args) => {
    calls.push([program, args]);
    return 'linked\r\nmissing\r\n';
  });
  expect(entries).toEqual(['linked', 'missing']);
  const [[program, args] = ['', []]] = calls;
  expect(program).toMatch(/^(?:\/|[A-Z]:\\).*WindowsPowerShell.v1\.0.powershell\.exe$/);
  expect(args.slice(0, 3)).toEqual(['-NoProfile', '-NonInteractive', '-EncodedCommand']);
  const script = Buffer.from(args[3] ?? '', 'base64').toString('utf16le');
  expect(script).toContain(`in '${ONE}', '${OTHER}')`);
  expect(script).toContain("'Cert:\\CurrentUser\\My\\' + $thumbprint");
});

it.each(['', 'linked', 'linked\nlinked\nlinked', 'True\nFalse'])(
  'takes the answer %j to two questions for none',
  async (answer) => {
    await expectError(
      readUserStore([ONE, OTHER], async () => answer),
      'ERR_NOT_SUPPORTED',
    );
  },
);

it('says so when there is no PowerShell', async () => {
  const cause = new Error('ENOENT');
  const reading = readUserStore([ONE], () => Promise.reject(cause));
  expect((await expectError(reading, 'ERR_NOT_SUPPORTED')).cause).toBe(cause);
});

it('puts nothing but thumbprints into a script', async () => {
  const wrong = readUserStore(["'; exit"], async () => 'linked');
  await expect(wrong).rejects.toThrow('A thumbprint has another form.');
});
