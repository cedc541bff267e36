import { infError } from './inf-error.js';
import type { InfDraft } from './inf-keys.js';
import { DEFAULT_PERIOD, type ValiditySpec, validityBounds } from './validity.js';

/** NotBefore, NotAfter and ValidityPeriod, which depend on each other. */
export function completeValidity(draft: InfDraft): ValiditySpec {
  const { notBefore, notAfter, periodUnit, periodCount } = draft;
  const first = notBefore ?? notAfter ?? periodUnit ?? periodCount;
  if (first && draft.requestType !== 'Cert') {
    throw infError(first.line, 'only RequestType = Cert has a validity; of others the CA decides.');
  }
  if (notAfter && (periodUnit ?? periodCount)) {
    throw infError(notAfter.line, 'NotAfter and ValidityPeriod exclude each other. Remove one.');
  }
  const alone = periodUnit && periodCount ? undefined : (periodUnit ?? periodCount);
  if (alone) {
    throw infError(
      alone.line,
      'ValidityPeriod and ValidityPeriodUnits belong together; one is missing.',
    );
  }
  const period =
    periodUnit && periodCount
      ? { count: periodCount.value, unit: periodUnit.value }
      : DEFAULT_PERIOD;
  const spec = { notBefore: notBefore?.value, notAfter: notAfter?.value, period };
  const bounds = validityBounds(spec, new Date());
  if (bounds.notAfter <= bounds.notBefore) {
    throw infError(
      (notAfter ?? notBefore)?.line ?? 0,
      'the certificate would end before it begins.',
    );
  }
  if (!(bounds.notAfter.getUTCFullYear() <= 9999)) {
    throw infError(first?.line ?? 0, 'the certificate would end after the year 9999.');
  }
  return spec;
}
