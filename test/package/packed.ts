import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll } from 'vitest';
import { packInto } from '../../scripts/support/pack.mjs';

const execute = promisify(execFile);

/** Where nothing is built yet, packing builds the addon twice. */
const PACKING_MS = 10 * 60_000;

/** The package as it would be published, for the tests of one file. */
export interface Packed {
  /** A folder for the tests, without a node_modules above it. */
  folder: string;
  tarball: string;
  /** Where it lies unpacked, not installed. */
  unpacked: string;
  /** Its files as they are named in the unpacked folder, with their sizes in bytes. */
  files: Map<string, number>;
}

/** Packs before the file's tests; the object is filled by then. */
export function packOnce(): Packed {
  const packed: Packed = { folder: '', tarball: '', unpacked: '', files: new Map() };
  beforeAll(async () => {
    packed.folder = mkdtempSync(join(tmpdir(), 'vsc-package-'));
    const output = join(packed.folder, 'tarball');
    mkdirSync(output);
    packed.tarball = await packInto(output);
    await execute('tar', ['-xzf', packed.tarball, '-C', packed.folder]);
    packed.unpacked = join(packed.folder, 'package');
    for (const name of readdirSync(packed.unpacked, { recursive: true, encoding: 'utf8' })) {
      const status = statSync(join(packed.unpacked, name));
      if (!status.isDirectory()) packed.files.set(name, status.size);
    }
  }, PACKING_MS);
  afterAll(() => rmSync(packed.folder, { recursive: true, force: true }));
  return packed;
}
