import { VirtualSmartCardError } from '../../errors.js';
import type { WindowsAddon } from '../../native-windows.js';
import { AddonTransport } from '../../tpm/addon-transport.js';
import { readHandles } from '../../tpm/capability.js';
import { CommandRunner } from '../../tpm/command-runner.js';
import { resetLockout } from '../../tpm/dictionary-attack.js';
import { readStatus } from '../../tpm/status.js';
import type { TpmStatus } from '../backend.js';
import type { TimeLimits } from './limits.js';
import { awaitCall } from './system-call.js';
import { windowsError } from './windows-error.js';

/** How the address of the machine's own TPM is spelt. */
const TBS_ADDRESS = 'tbs';
/** The storage root key that Windows makes when it provisions a TPM. */
const STORAGE_ROOT_KEY = 0x81000001;
const TPM_2_0 = 2;

/** The machine's TPM by way of its base services. Nothing is made in it, and nothing started up. */
export class WindowsTpm {
  readonly #addon: WindowsAddon;
  readonly #limits: TimeLimits;

  constructor(addon: WindowsAddon, limits: TimeLimits) {
    this.#addon = addon;
    this.#limits = limits;
  }

  /** @throws VirtualSmartCardError `ERR_TPM_UNAVAILABLE`, `ERR_ACCESS_DENIED`, `ERR_NOT_SUPPORTED` for a TPM 1.2 */
  async status(): Promise<TpmStatus> {
    const device = await awaitCall(() => this.#addon.tpmDeviceInfo(), {
      timeoutMs: this.#limits.query,
      graceMs: 0,
      what: 'Asking about the TPM',
    });
    if (device.tpmVersion !== TPM_2_0) {
      throw new VirtualSmartCardError(
        'ERR_NOT_SUPPORTED',
        `The machine has a TPM 1.2 (version number ${device.tpmVersion}), whose status is read in tpm.msc only. Its virtual smart cards can be managed all the same.`,
      );
    }
    return this.#withRunner(async (runner) => {
      const handles = await readHandles(runner, STORAGE_ROOT_KEY);
      return {
        address: TBS_ADDRESS,
        kind: 'hardware',
        ...(await readStatus(runner)),
        device: {
          version: '2.0',
          interfaceType: device.interfaceType,
          implementationRevision: device.implementationRevision,
          ready: handles.includes(STORAGE_ROOT_KEY),
        },
      };
    });
  }

  /** @throws VirtualSmartCardError `ERR_TPM_LOCKOUT_AUTHORIZATION`, `ERR_TPM_COMMAND` where Windows blocks it */
  async resetLockout(lockoutAuthorization: Uint8Array): Promise<void> {
    await this.#withRunner((runner) => resetLockout(runner, lockoutAuthorization));
  }

  async #withRunner<T>(work: (runner: CommandRunner) => Promise<T>): Promise<T> {
    const native = await this.#addon.openTbs().catch((error) => {
      throw windowsError(error);
    });
    const runner = new CommandRunner(
      new AddonTransport('device', TBS_ADDRESS, native, windowsError),
    );
    try {
      return await work(runner);
    } finally {
      await flushAll(runner);
      runner.wipe();
      await runner.transport.close();
    }
  }
}

/** The end of the context would end its sessions as well, on a Windows that keeps to its word. */
async function flushAll(runner: CommandRunner): Promise<void> {
  for (const handle of [...runner.ownHandles]) {
    await runner.flush(handle).catch(() => {
      // What the work ended with says more.
    });
  }
}
