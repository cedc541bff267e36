import { expect } from 'vitest';
import { type DiagnosisFinding, type DiagnosisReport, diagnose } from '../../lib/index.js';

/** Diagnoses a store, without its readers: other tests may run a pcscd meanwhile. */
export async function diagnosed(stateDirectory: string): Promise<DiagnosisReport> {
  const report = await diagnose({ backend: 'embedded', stateDirectory, readers: false });
  const bare = report.findings.filter(
    ({ severity, remedy }) => (severity === 'warning' || severity === 'error') && !remedy,
  );
  expect(bare, 'complaints without a remedy').toEqual([]);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(report.healthy).toBe(report.counts.error === 0);
  return report;
}

/** The findings of that name. */
export function found({ findings }: DiagnosisReport, id: string): DiagnosisFinding[] {
  return findings.filter((finding) => finding.id === id);
}

/** What is wrong, as `severity id`. */
export function complaints({ findings }: DiagnosisReport): string[] {
  return findings
    .filter(({ severity }) => severity === 'warning' || severity === 'error')
    .map(({ severity, id }) => `${severity} ${id}`);
}
