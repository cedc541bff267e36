import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deviceError, libtpmsError } from '../../../lib/tpm/addon-error.js';
import { openTransport, parseTpmAddress } from '../../../lib/tpm/tpm-address.js';
import { expectError } from '../../support/expect-error.js';

test.each([
  ['libtpms', { kind: 'libtpms' }],
  ['device:/dev/tpmrm0', { kind: 'device', path: '/dev/tpmrm0' }],
  ['swtpm:unix:/run/tpm sock', { kind: 'swtpm', socket: { path: '/run/tpm sock' } }],
  ['swtpm:unix:sock:et', { kind: 'swtpm', socket: { path: 'sock:et' } }],
  ['swtpm:tcp:localhost:2321', { kind: 'swtpm', socket: { host: 'localhost', port: 2321 } }],
  ['swtpm:tcp:127.0.0.1:1', { kind: 'swtpm', socket: { host: '127.0.0.1', port: 1 } }],
  ['swtpm:tcp:[::1]:65535', { kind: 'swtpm', socket: { host: '::1', port: 65535 } }],
])('%s is understood', (address, expected) => {
  expect(parseTpmAddress(address)).toEqual({ address, ...expected });
});

test.each([
  '',
  'LIBTPMS',
  'libtpms:',
  'device:',
  'device:tpmrm0',
  'device:/dev/tpm\0rm0',
  'swtpm:',
  'swtpm:unix:',
  `swtpm:unix:/${'x'.repeat(108)}`,
  'swtpm:tcp:localhost',
  'swtpm:tcp:localhost:',
  'swtpm:tcp:localhost:0',
  'swtpm:tcp:localhost:65536',
  'swtpm:tcp:localhost:12a',
  'swtpm:tcp::2321',
  'swtpm:tcp:::1:2321',
  'swtpm:tcp:[::1]2321',
  'swtpm:tcp:[]:2321',
  ' libtpms',
])('"%s" is refused', async (address) => {
  const error = await expectError(openTransport(address), 'ERR_INVALID_ARGUMENT');
  expect(error).toMatchObject({ parameter: 'tpm', expected: expect.stringContaining('swtpm:tcp') });
});

test.each([undefined, null, 7, {}, ['libtpms']])('%s is no address', (value) => {
  expect(() => parseTpmAddress(value as string)).toThrow(/Expected libtpms.* for tpm/);
});

test('libtpms needs a directory that exists', async () => {
  const error = await expectError(openTransport('libtpms'), 'ERR_INVALID_ARGUMENT');
  expect(error.parameter).toBe('tpmStateDirectory');
  const tpmStateDirectory = join(tmpdir(), 'no-such-directory-of-a-tpm');
  await expectError(openTransport('libtpms', { tpmStateDirectory }), 'ERR_STATE_IO');
});

test('a process runs one libtpms', async () => {
  const directories = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'libtpms-'))));
  try {
    const [first = '', second = ''] = directories;
    const transport = await openTransport('libtpms', { tpmStateDirectory: first });
    const error = await expectError(
      openTransport('libtpms', { tpmStateDirectory: second }),
      'ERR_TPM_BUSY',
    );
    expect(error.message).toContain('close the other');
    await transport.close();
    await transport.close();
    await expectError(transport.transmit(Buffer.alloc(10)), 'ERR_CLOSED');
    const again = await openTransport('libtpms', { tpmStateDirectory: second });
    await again.close();
  } finally {
    for (const directory of directories) await rm(directory, { recursive: true });
  }
});

test('a device that is not there, or is a directory, is unavailable and the message says what to do', async () => {
  const error = await expectError(openTransport('device:/dev/no-such-tpm'), 'ERR_TPM_UNAVAILABLE');
  expect(error.message).toContain('/dev/no-such-tpm');
  expect(error.message).toContain("firmware's set-up");
  await expectError(openTransport('device:/dev'), 'ERR_TPM_UNAVAILABLE');
});

test("the addon's errors become the library's", () => {
  const plain = (code: string) => Object.assign(new Error(`it said ${code}`), { code });
  expect(libtpmsError(plain('LIBTPMS_NOT_FOUND'))).toMatchObject({
    code: 'ERR_LIBTPMS_NOT_FOUND',
    message: expect.stringMatching(/libtpms0.*dnf install libtpms.*brew install libtpms/),
  });
  const codes: Record<string, string> = {
    LIBTPMS_BUSY: 'ERR_TPM_BUSY',
    LIBTPMS_FAILED: 'ERR_TPM_UNAVAILABLE',
    STATE_CORRUPT: 'ERR_STATE_CORRUPT',
    STATE_IO: 'ERR_STATE_IO',
    ENOSPC: 'ERR_STATE_IO',
    CLOSED: 'ERR_CLOSED',
  };
  for (const [native, code] of Object.entries(codes)) {
    const error = plain(native);
    expect(libtpmsError(error)).toMatchObject({ code, cause: error });
  }
  expect(deviceError(plain('EACCES'), '/dev/tpmrm0')).toMatchObject({
    code: 'ERR_TPM_UNAVAILABLE',
    message: expect.stringContaining('group tss'),
  });
  expect(deviceError(plain('EIO'), '/dev/tpmrm0')).toMatchObject({ code: 'ERR_TPM_UNAVAILABLE' });
});
