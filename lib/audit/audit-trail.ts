import { VirtualSmartCardError } from '../errors.js';
import { AuditFile } from './audit-file.js';
import type { AuditOptions, CheckedAuditOptions } from './audit-options.js';
import { checkedAuditOptions } from './audit-options.js';
import type { AuditEvent } from './event.js';

/** Where the events of a manager go. */
export class AuditTrail {
  readonly #options: CheckedAuditOptions;
  readonly #file: AuditFile | undefined;

  private constructor(options: CheckedAuditOptions, file: AuditFile | undefined) {
    this.#options = options;
    this.#file = file;
  }

  /** @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_AUDIT` when the file cannot be written */
  static async open(options: AuditOptions): Promise<AuditTrail> {
    const checked = checkedAuditOptions(options);
    const { file } = checked;
    if (file === undefined) return new AuditTrail(checked, undefined);
    try {
      return new AuditTrail(checked, await AuditFile.open(file));
    } catch (cause) {
      const text = `The audit file ${file} cannot be written (${reasonOf(cause)}). Nothing was opened.`;
      throw new VirtualSmartCardError('ERR_AUDIT', text, { cause });
    }
  }

  /** Tells of an act. What it tells of is done: that it cannot be told is a warning. */
  async tell(event: AuditEvent): Promise<void> {
    const { onEvent, file } = this.#options;
    try {
      await this.#file?.append(event);
    } catch (cause) {
      this.#warn(`could not be written to ${file} (${reasonOf(cause)})`, event, cause);
    }
    try {
      await onEvent?.({ ...event, who: { ...event.who } });
    } catch (cause) {
      this.#warn('could not be told: onEvent failed', event, cause);
    }
  }

  #warn(what: string, { act, outcome, instanceId }: AuditEvent, cause: unknown): void {
    const card = instanceId === undefined ? '' : ` of ${instanceId}`;
    const text = `The audit event ${act}${card} (${outcome}) ${what}. The act itself is not undone.`;
    this.#options.onWarning(new VirtualSmartCardError('ERR_AUDIT', text, { cause }));
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
}
