import type { Backend } from '../backend/backend.js';
import type { AuditOptions } from './audit-options.js';

/**
 * Opens a backend, and records its acts where that is asked for. Elsewhere nothing stands between a call
 * and the backend.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_AUDIT` before the backend is opened
 */
export async function openAudited(
  options: AuditOptions | undefined,
  open: () => Promise<Backend>,
): Promise<Backend> {
  if (options === undefined) return open();
  const { AuditTrail } = await import('./audit-trail.js');
  const { auditedBackend } = await import('./audited-backend.js');
  const trail = await AuditTrail.open(options);
  return auditedBackend(await open(), trail);
}
