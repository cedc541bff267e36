import type { Extension as X509Extension } from '@peculiar/x509';
import { type CardCrypto, type Signer, spkiOf } from './card-crypto.js';
import { objectIdentifier, sequence } from './der.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { EXTENSION_OIDS } from './extension-oids.js';
import { encodeGeneralNames } from './general-name-der.js';
import { keyUsageFlags } from './key-usage.js';
import { templateExtension } from './request-attributes.js';
import { x509 } from './x509.js';

/** What a program that reads encrypted mail with this key takes, the best first: AES-CBC (RFC 3565). */
const SMIME_CAPABILITIES = [
  '2.16.840.1.101.3.4.1.42',
  '2.16.840.1.101.3.4.1.22',
  '2.16.840.1.101.3.4.1.2',
];

/** The extensions of a certificate that we sign ourselves. */
export async function certificateExtensions(
  request: EnrollmentRequest,
  signer: Signer,
  crypto: CardCrypto,
): Promise<X509Extension[]> {
  const { Extension, SubjectKeyIdentifierExtension, PublicKey } = x509();
  const made = namedExtensions(request);
  for (const { oid, critical, value } of request.extensions) {
    made.push(new Extension(oid, critical || request.critical.includes(oid), value));
  }
  const isThere = made.some(({ type }) => type === EXTENSION_OIDS.subjectKeyIdentifier);
  if (request.suppressDefaults || isThere) return made;
  const publicKey = new PublicKey(spkiOf(signer));
  return [...made, await SubjectKeyIdentifierExtension.create(publicKey, false, crypto)];
}

/** The extensions that a request asks a CA for: the template's among them. */
export async function requestExtensions(
  request: EnrollmentRequest,
  signer: Signer,
  crypto: CardCrypto,
): Promise<X509Extension[]> {
  const made = await certificateExtensions(request, signer, crypto);
  const template = templateExtension(request);
  if (!template || made.some(({ type }) => type === template.oid)) return made;
  return [...made, new (x509().Extension)(template.oid, template.critical, template.value)];
}

function namedExtensions(request: EnrollmentRequest): X509Extension[] {
  const library = x509();
  const { keyUsage, extendedKeyUsage, basicConstraints, subjectAlternativeNames } = request;
  const made: X509Extension[] = [];
  const isCritical = (oid: string) => request.critical.includes(oid);
  if (keyUsage.length > 0) {
    made.push(new library.KeyUsagesExtension(keyUsageFlags(keyUsage), true));
  }
  if (basicConstraints) {
    // A CA's must be critical (RFC 5280, 4.2.1.9).
    const critical = basicConstraints.ca || isCritical(EXTENSION_OIDS.basicConstraints);
    const { ca, pathLength } = basicConstraints;
    made.push(new library.BasicConstraintsExtension(ca, pathLength, critical));
  }
  if (extendedKeyUsage.length > 0) {
    const oid = EXTENSION_OIDS.extendedKeyUsage;
    const value = sequence(...extendedKeyUsage.map(objectIdentifier));
    made.push(new library.Extension(oid, isCritical(oid), value));
  }
  if (subjectAlternativeNames.length > 0) {
    const oid = EXTENSION_OIDS.subjectAltName;
    // Must be critical where nothing else names the subject (RFC 5280, 4.2.1.6).
    const critical = isCritical(oid) || request.subject.der.equals(sequence());
    const value = encodeGeneralNames(subjectAlternativeNames);
    made.push(new library.Extension(oid, critical, value));
  }
  if (request.smime) {
    const oid = EXTENSION_OIDS.smimeCapabilities;
    const value = sequence(...SMIME_CAPABILITIES.map((each) => sequence(objectIdentifier(each))));
    made.push(new library.Extension(oid, isCritical(oid), value));
  }
  return made;
}
