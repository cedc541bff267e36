import type { EnrollmentRequest } from './enrollment-request.js';
import { type ModelledExtensions, modelledExtension } from './extension-models.js';
import { EXTENSION_OIDS } from './extension-oids.js';
import { infError } from './inf-error.js';
import { alreadyThere } from './inf-syntax.js';

type ExtensionFields = Pick<
  EnrollmentRequest,
  | 'keyUsage'
  | 'extendedKeyUsage'
  | 'subjectAlternativeNames'
  | 'basicConstraints'
  | 'extensions'
  | 'critical'
>;

/** Extensions of the model whose being critical the INF must ask for, in the order they are listed. */
const CRITICAL_ON_REQUEST = [
  EXTENSION_OIDS.subjectAltName,
  EXTENSION_OIDS.basicConstraints,
  EXTENSION_OIDS.extendedKeyUsage,
];

/** The extensions that the sections of an INF ask for, each once. */
export class InfExtensions {
  readonly #lines = new Map<string, number>();
  readonly #modelled: ModelledExtensions = {};
  readonly #others: { oid: string; value: Buffer }[] = [];
  readonly #critical = new Map<string, number>();

  /** An extension that the request has a field for. */
  addModelled(oid: string, line: number, model: ModelledExtensions): void {
    this.#claim(oid, line);
    Object.assign(this.#modelled, model);
  }

  /** An extension by its DER, which becomes a field of the request where that says the same. */
  addDer(oid: string, line: number, value: Buffer): void {
    this.#claim(oid, line);
    const model = modelledExtension(oid, value);
    if (model) Object.assign(this.#modelled, model);
    else this.#others.push({ oid, value });
  }

  /** That an extension, which may come later, is critical. */
  addCritical(oid: string, line: number): void {
    this.#critical.set(oid, line);
  }

  /** @throws VirtualSmartCardError `ERR_INF` for an extension that is critical, but not there */
  complete(): ExtensionFields {
    for (const [oid, line] of this.#critical) {
      if (this.#lines.has(oid)) continue;
      throw infError(line, `Critical names ${oid}, but the INF has no such extension.`);
    }
    const others = this.#others.map(({ oid, value }) => ({
      oid,
      critical: this.#critical.has(oid),
      value,
    }));
    const raw = new Set(others.map(({ oid }) => oid));
    return {
      keyUsage: this.#modelled.keyUsage ?? [],
      extendedKeyUsage: this.#modelled.extendedKeyUsage ?? [],
      subjectAlternativeNames: this.#modelled.subjectAlternativeNames ?? [],
      basicConstraints: this.#modelled.basicConstraints,
      extensions: others,
      critical: CRITICAL_ON_REQUEST.filter((oid) => this.#critical.has(oid) && !raw.has(oid)),
    };
  }

  #claim(oid: string, line: number): void {
    const earlier = this.#lines.get(oid);
    if (earlier !== undefined) throw alreadyThere(`the extension ${oid}`, line, earlier);
    this.#lines.set(oid, line);
  }
}
