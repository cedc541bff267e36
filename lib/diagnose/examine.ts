import type { BackendKind } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { parseTpmAddress } from '../tpm/tpm-address.js';
import { checkCards } from './cards.js';
import type { CertificateTerms } from './certificates.js';
import { checkStore, type StorePlace } from './embedded.js';
import { countSeverities, Findings } from './findings.js';
import { checkReaders } from './readers.js';
import type { DiagnosisReport } from './report.js';
import { checkAddon, readVersions } from './versions.js';

/** Options of a diagnosis that have been checked. */
export interface CheckedDiagnoseOptions extends StorePlace {
  backend: BackendKind;
  readers: boolean;
  expiresWithinDays: number;
}

/** Looks at everything, one thing after the other. */
export async function examine(options: CheckedDiagnoseOptions): Promise<DiagnosisReport> {
  const { backend, expiresWithinDays, tpm } = options;
  if (tpm !== undefined) parseTpmAddress(tpm);
  const startedAt = new Date();
  const findings = new Findings();
  const hasAddon = checkAddon(findings);
  if (hasAddon) {
    const terms = { now: startedAt.getTime(), expiresWithinDays };
    await checkBackend(options, terms, findings).catch((error: unknown) => {
      // A wrong argument is the caller's; all else is what he asks about.
      if (VirtualSmartCardError.is(error, 'ERR_INVALID_ARGUMENT')) throw error;
      findings.failure('backend', `The ${backend} backend cannot be used here.`, error);
    });
    const looksAtReaders = backend === 'pcsc' || (options.readers && process.platform !== 'win32');
    if (looksAtReaders) await checkReaders({ isNeeded: backend === 'pcsc' }, findings);
  }
  const counts = countSeverities(findings.list);
  return {
    schema: 1,
    startedAt: startedAt.toISOString(),
    backend,
    healthy: counts.error === 0,
    counts,
    versions: await readVersions(hasAddon),
    findings: findings.list,
  };
}

async function checkBackend(
  { backend, stateDirectory, tpm, ownerAuthorization }: CheckedDiagnoseOptions,
  terms: CertificateTerms,
  findings: Findings,
): Promise<void> {
  if (backend === 'embedded') {
    await checkStore({ stateDirectory, tpm, ownerAuthorization }, terms, findings);
  } else if (backend === 'pcsc') await checkCardsInReaders(terms, findings);
  else {
    const { checkWindowsCards } = await import('./windows.js');
    await checkWindowsCards(terms, findings);
  }
}

async function checkCardsInReaders(terms: CertificateTerms, findings: Findings): Promise<void> {
  const { openPcscBackend } = await import('../backend/pcsc/pcsc-backend.js');
  const backend = await openPcscBackend();
  try {
    await checkCards(backend, terms, findings);
  } finally {
    await backend.close();
  }
}
