import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const EXAMPLE = fileURLToPath(new URL('../../examples/main-job.mjs', import.meta.url));
const LIBRARY = new URL('../../dist/index.js', import.meta.url).href;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vsc-main-job-'));
  for (const name of ['tmp', 'bin']) mkdirSync(join(folder, name));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the main job', () => {
  it('runs from the first card to none, and OpenSSL agrees', () => {
    const { status, stdout, stderr } = runExample();
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const inOrder = [
      'software',
      'TPM Smart Card created.',
      'subject=CN = Virtual smart card key',
      'Digital Signature',
      'certificate.pem: OK',
      'Verified OK',
      'ERR_PIN_INCORRECT, tries left: 4',
      'tries left: 5',
      'ROOT\\SMARTCARDREADER\\0000  "Main job"  ready',
      'TPM Smart Card destroyed.',
      'no card',
      'Done: every step worked.',
    ];
    let position = 0;
    for (const text of inOrder) {
      expect(stdout.slice(position)).toContain(text);
      position = stdout.indexOf(text, position) + text.length;
    }
  });

  it('says of each step how long it took', () => {
    const { stdout } = runExample();
    const steps = stdout.split('\n\n').filter((part) => /\(\d+\.\d ms\)/.test(part));
    expect(steps).toHaveLength(11);
  });

  it("leaves nothing behind, and the user's own cards alone", () => {
    expect(runExample().status).toBe(0);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
    expect(existsSync(join(folder, 'own'))).toBe(false);
  });

  it('fails, and leaves nothing, when OpenSSL does not accept what it made', () => {
    writeFileSync(join(folder, 'bin', 'openssl'), '#!/bin/sh\necho refused >&2\nexit 1\n', {
      mode: 0o755,
    });
    const { status, stderr } = runExample();
    expect(status).toBe(1);
    expect(stderr).toMatch(/Failed: .*openssl/);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  it('fails with the typed error when the library does', () => {
    const { status, stderr } = runExample(`
      import { VirtualSmartCardError, VirtualSmartCardManager } from '${LIBRARY}';
      VirtualSmartCardManager.open = async () => {
        throw new VirtualSmartCardError('ERR_TPM_NV_FULL', 'No room.', { tpmCode: 0x14b });
      };`);
    expect(status).toBe(1);
    expect(stderr).toContain('Failed: No room.');
    expect(JSON.parse(stderr.slice(stderr.indexOf('{')))).toMatchObject({
      code: 'ERR_TPM_NV_FULL',
      tpmCode: 0x14b,
    });
  });
});

/** The example as `npm start` runs it, with a folder of its own for all that it writes. */
function runExample(before = '') {
  return spawnSync(
    process.execPath,
    [`--import=data:text/javascript,${encodeURIComponent(before)}`, EXAMPLE],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter),
        TMPDIR: join(folder, 'tmp'),
        VIRTUAL_SMARTCARD_HOME: join(folder, 'own'),
      },
    },
  );
}
