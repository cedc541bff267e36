import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  AdminKey,
  type CreateOptions,
  type OpenOptions,
  VirtualSmartCardManager,
} from '../../lib/index.js';
import { Lab } from '../windows-lab/support/lab.js';
import { ServeProcess } from './serve-process.js';

/** Which backend the behaviour suite is about. */
const onWindows = process.platform === 'win32';

/** The directories that a process of their own serves, where the suite is about that. */
const served = new Map<string, Promise<ServeProcess>>();

/** From now on managers are opened on stores that another process serves. */
export function serveStores(): void {
  process.env[SERVED] = 'yes';
}
const SERVED = 'VSC_TEST_SERVED';

/**
 * A state directory of this test's own, removed when the test ends. On Windows, whose cards belong to
 * the machine, it is the lab that is as new.
 */
export async function temporaryDirectory(): Promise<string> {
  if (onWindows) await Lab.fresh();
  const directory = await mkdtemp(join(tmpdir(), 'vsc-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * A manager on a software TPM in the directory, or of Windows, closed when the test ends. With
 * VSC_TEST_BACKEND=pcsc its cards are used in pcscd's readers.
 */
export async function openManager(
  stateDirectory: string,
  tpm = 'libtpms',
  options: Pick<OpenOptions, 'audit'> = {},
): Promise<VirtualSmartCardManager> {
  if (process.env[SERVED]) await serveOnce(stateDirectory, tpm);
  if (process.env['VSC_TEST_BACKEND'] === 'pcsc') {
    const { openPublishedManager } = await import('./published-backend.js');
    return openPublishedManager(stateDirectory);
  }
  const manager = await VirtualSmartCardManager.open(
    onWindows
      ? { backend: 'windows', ...options }
      : { backend: 'embedded', stateDirectory, tpm, ...options },
  );
  onTestFinished(() => manager.close());
  return manager;
}

/** One process for each directory, which the test that came first ends. */
async function serveOnce(stateDirectory: string, tpm: string): Promise<void> {
  const started = served.get(stateDirectory) ?? ServeProcess.start(stateDirectory, tpm);
  served.set(stateDirectory, started);
  await started;
}

/** Decimal digits, as bytes. */
export function randomPin(length = 8): Buffer {
  return Buffer.from(Array.from({ length }, () => 0x30 + randomInt(10)));
}

/** A PIN of the same length that is not the given one. */
export function otherPin(pin: Uint8Array): Buffer {
  const other = Buffer.from(pin);
  other[0] = other[0] === 0x39 ? 0x30 : (other[0] ?? 0) + 1;
  return other;
}

/** Options for a card with random secrets. */
export function cardOptions<Overrides extends Partial<CreateOptions>>(
  overrides?: Overrides,
): CreateOptions & { pin: Buffer; adminKey: AdminKey } & Overrides {
  return {
    name: `Card ${randomBytes(4).toString('hex')}`,
    pin: randomPin(),
    adminKey: AdminKey.random(),
    ...overrides,
  } as CreateOptions & { pin: Buffer; adminKey: AdminKey } & Overrides;
}
