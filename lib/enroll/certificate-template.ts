import { objectIdentifier, sequence, unsignedInteger } from './der.js';
import type { ExtensionSpec } from './enrollment-request.js';
import { EXTENSION_OIDS } from './extension-oids.js';

// A file of its own, since the interface is public: what it imports is read by the compilers of users.

/** By object identifier and version: szOID_CERTIFICATE_TEMPLATE ([MS-WCCE] 2.2.2.7.7.2). */
const TEMPLATE_OID = EXTENSION_OIDS.certificateTemplate;

/** A template of an AD CS, named by what never changes of it. */
export interface CertificateTemplate {
  /** Object identifier, dotted. */
  oid: string;
  /** The template's major version; left out: any. */
  major?: number | undefined;
  /** Its minor version, beside the major one. */
  minor?: number | undefined;
}

/** The extension by which an AD CS learns a template's object identifier and version. */
export function templateByOid({ oid, major, minor }: CertificateTemplate): ExtensionSpec {
  const versions = [major, minor].filter((each) => each !== undefined).map(unsignedInteger);
  const value = sequence(objectIdentifier(oid), ...versions);
  return { oid: TEMPLATE_OID, critical: false, value };
}
