import { VirtualSmartCardError } from '../../errors.js';
import type { Bench } from '../bench.js';
import { expectEqual } from '../failure.js';
import type { Step } from '../step.js';
import { readUserStore, type StoreEntry } from '../user-store.js';
import { waitUntil } from '../wait-until.js';

/** Windows: certificates of cards are in the user's store, with a link to their keys. */
export function storeSteps(bench: Bench): Step[] {
  return [
    {
      name: 'store-link',
      title: "the certificates are in the user's store, with links to their keys",
      needs: ['enroll-csp', 'enroll-ksp'],
      optional: true,
      async run(signal) {
        requireStore(bench);
        const certificates = await bench.card.opened.certificates();
        bench.thumbprints = certificates.map(({ x509 }) => x509.fingerprint.replaceAll(':', ''));
        return expectEntries(bench, 'linked', signal);
      },
    },
  ];
}

/** Windows: they are gone with their card. */
export function storeAfterSteps(bench: Bench): Step[] {
  return [
    {
      name: 'store-after',
      title: "the certificates are gone from the user's store with their card",
      needs: ['store-link', 'destroy'],
      optional: true,
      run: (signal) => expectEntries(bench, 'missing', signal),
    },
  ];
}

async function expectEntries(bench: Bench, expected: StoreEntry, signal: AbortSignal) {
  const { thumbprints, settleMs } = bench;
  let entries: StoreEntry[] = [];
  const isAsExpected = async () => {
    entries = await readUserStore(thumbprints);
    return entries.every((entry) => entry === expected);
  };
  await waitUntil(isAsExpected, settleMs, signal);
  expectEqual(
    'the certificates',
    entries,
    thumbprints.map(() => expected),
  );
  return { certificates: entries };
}

function requireStore({ manager }: Bench): void {
  if (manager.backendKind === 'windows') return;
  const text = 'Off Windows there is no store of certificates that cards are linked to.';
  throw new VirtualSmartCardError('ERR_NOT_SUPPORTED', text);
}
