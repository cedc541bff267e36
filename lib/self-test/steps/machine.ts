import { VirtualSmartCardError } from '../../errors.js';
import type { Bench } from '../bench.js';
import type { Step } from '../step.js';

/** What is looked at before anything is made. */
export function machineSteps(bench: Bench): Step[] {
  return [
    {
      name: 'tpm-status',
      title: 'the TPM is there, and not in its lockout',
      async run() {
        const status = await bench.manager.tpmStatus();
        bench.tpmBefore = status;
        if (status.inLockout) throw lockedOut(status.retryAfterMs);
        const { device, inLockout: _inLockout, retryAfterMs: _retryAfterMs, ...facts } = status;
        return {
          ...facts,
          ...(device && {
            deviceVersion: device.version,
            deviceInterfaceType: device.interfaceType,
            deviceReady: device.ready,
          }),
        };
      },
    },
    {
      name: 'list-before',
      title: 'the cards that are there are listed',
      async run() {
        bench.cardsBefore = await bench.listCards();
        return { cards: bench.cardsBefore.length };
      },
    },
    {
      name: 'watch-start',
      title: 'cards that come and go are watched',
      optional: true,
      async run() {
        await bench.events.start();
        return undefined;
      },
    },
  ];
}

/** What the TPM counted meanwhile. */
export function countSteps(bench: Bench): Step[] {
  return [
    {
      name: 'tpm-failures',
      title: 'what the TPM counts as failed authorisations',
      needs: ['tpm-status'],
      async run() {
        const { lockoutCounter } = await bench.manager.tpmStatus();
        return { before: bench.tpmBefore?.lockoutCounter ?? 0, after: lockoutCounter };
      },
    },
  ];
}

function lockedOut(retryAfterMs: number): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_TPM_LOCKED_OUT',
    "The TPM's lockout is on: it refuses right PINs, too. Wait until it ends, then run the test again.",
    { retryAfterMs },
  );
}
