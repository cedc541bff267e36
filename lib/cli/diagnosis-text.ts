import type { DiagnosisFinding, DiagnosisReport, DiagnosisSeverity } from '../index.js';

/** In the order in which they are shown: what is wrong first. */
const HEADINGS: Record<DiagnosisSeverity, string> = {
  error: 'Errors',
  warning: 'Warnings',
  info: 'Worth knowing',
  ok: 'As it should be',
};
const SEVERITIES = Object.keys(HEADINGS) as DiagnosisSeverity[];
const COMPLAINTS: readonly DiagnosisSeverity[] = ['error', 'warning'];

/** A diagnosis for people, by severity; `complaintsOnly` leaves out what is well. */
export function diagnosisLines(report: DiagnosisReport, complaintsOnly: boolean): string[] {
  const lines = complaintsOnly ? [] : [...versionLines(report), ''];
  for (const severity of complaintsOnly ? COMPLAINTS : SEVERITIES) {
    const findings = report.findings.filter((finding) => finding.severity === severity);
    if (findings.length === 0) continue;
    lines.push(`${HEADINGS[severity]}:`, ...findings.flatMap(findingLines), '');
  }
  return lines;
}

/** What came of it, in one line. */
export function verdictLine({ healthy, counts }: DiagnosisReport): string {
  const verdict = healthy ? 'Nothing is broken' : 'Something is broken';
  return `${verdict}: ${count(counts.error, 'error')}, ${count(counts.warning, 'warning')}.`;
}

/** What is well needs no more than its name. */
function findingLines({
  severity,
  id,
  title,
  detail,
  remedy,
  subject,
}: DiagnosisFinding): string[] {
  const first = `  ${id}: ${title}${subject === undefined ? '' : ` [${subject}]`}`;
  if (severity === 'ok') return [first];
  const more = [
    ...(detail === undefined ? [] : [detail]),
    ...(remedy === undefined ? [] : [`-> ${remedy}`]),
  ];
  return [first, ...more.map((line) => `      ${line}`)];
}

function versionLines({ backend, versions }: DiagnosisReport): string[] {
  const { packageVersion, node, platform, arch, osRelease, addon, libtpms, libpcsclite } = versions;
  const libraries = [addon, libtpms, libpcsclite].filter((path) => path !== undefined);
  return [
    `virtual-smartcard ${packageVersion}, Node ${node}, ${platform} ${arch} ${osRelease}, backend ${backend}`,
    ...libraries.map((path) => `  ${path}`),
  ];
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
