import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Tpm, type TpmOptions } from '../../../../lib/tpm/tpm.js';
import { openTransport } from '../../../../lib/tpm/tpm-address.js';
import type { TpmTransport } from '../../../../lib/tpm/transport.js';
import { Swtpm } from '../../../support/swtpm.js';
import { TpmDevice } from '../../../support/tpm-device.js';

/** The ways to a TPM, and the kinds of storage parent, on which everything has to work. */
export const TPM_KINDS = [
  'libtpms',
  'swtpm with the standard ECC parent',
  'swtpm with a persistent RSA parent',
  'device',
] as const;

export type TpmKind = (typeof TPM_KINDS)[number];

/** A way to a fresh TPM; removed when the test ends. */
export async function freshTransport(kind: TpmKind): Promise<TpmTransport> {
  if (kind === 'libtpms') {
    const tpmStateDirectory = await mkdtemp(join(tmpdir(), 'libtpms-'));
    onTestFinished(() => rm(tpmStateDirectory, { recursive: true, force: true }));
    return openTransport('libtpms', { tpmStateDirectory });
  }
  if (kind === 'device') {
    const device = await TpmDevice.start();
    onTestFinished(() => device.remove());
    return openTransport(device.address);
  }
  const swtpm = await freshSwtpm(kind === 'swtpm with a persistent RSA parent' ? 'tcp' : 'unix');
  if (kind === 'swtpm with a persistent RSA parent') await makePersistentParent(swtpm, 'rsa2048');
  return openTransport(swtpm.address);
}

/** A fresh TPM, opened; closed and removed when the test ends. */
export async function freshTpm(kind: TpmKind, options?: TpmOptions): Promise<Tpm> {
  return openForTest(await freshTransport(kind), options);
}

/** Opens a TPM and closes it when the test ends. */
export async function openForTest(transport: TpmTransport, options?: TpmOptions): Promise<Tpm> {
  const tpm = await Tpm.open(transport, options);
  onTestFinished(() => tpm.close());
  return tpm;
}

/** A swtpm; removed when the test ends. */
export async function freshSwtpm(server: 'unix' | 'tcp' = 'unix'): Promise<Swtpm> {
  const swtpm = await Swtpm.start({ server });
  onTestFinished(() => swtpm.remove());
  return swtpm;
}

/** Gives the TPM a storage root key at 0x81000001, as its operating system may have. */
export async function makePersistentParent(
  swtpm: Swtpm,
  algorithm: 'rsa2048' | 'ecc',
  ...options: string[]
): Promise<void> {
  const attributes =
    'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt';
  await swtpm.tool('tpm2_startup', '-c');
  const create = ['-C', 'o', '-G', algorithm, '-a', attributes, '-c', 'primary.ctx', ...options];
  await swtpm.tool('tpm2_createprimary', ...create);
  await swtpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', 'primary.ctx', '0x81000001');
  await swtpm.tool('tpm2_flushcontext', '-t');
}
