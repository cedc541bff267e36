import type { Attribute as X509Attribute } from '@peculiar/x509';
import { templateByOid } from './certificate-template.js';
import { bmpString, sequence } from './der.js';
import type { EnrollmentRequest, ExtensionSpec } from './enrollment-request.js';
import { EXTENSION_OIDS } from './extension-oids.js';
import { isObjectIdentifier } from './object-identifier.js';
import { x509 } from './x509.js';

/** By name: szOID_ENROLL_CERTTYPE ([MS-WCCE] 2.2.2.7.7.1). */
const TEMPLATE_NAME = EXTENSION_OIDS.certificateTemplateName;
/** szOID_ENROLLMENT_NAME_VALUE_PAIR ([MS-WCCE] 2.2.2.7.10). */
const NAME_VALUE_PAIR = '1.3.6.1.4.1.311.13.2.1';
/** szOID_RENEWAL_CERTIFICATE ([MS-WCCE] 2.2.2.7.3). */
const RENEWAL_CERTIFICATE = '1.3.6.1.4.1.311.13.1';

const CERTIFICATE_TEMPLATE = 'certificatetemplate';

/** The extension for the attribute CertificateTemplate, which names a template or its identifier. */
export function templateExtension(request: EnrollmentRequest): ExtensionSpec | undefined {
  const template = request.requestAttributes.find(isTemplate)?.value;
  if (template === undefined) return undefined;
  if (isObjectIdentifier(template)) return templateByOid({ oid: template });
  return { oid: TEMPLATE_NAME, critical: false, value: bmpString(template) };
}

/** The attributes of a PKCS #10 request besides its extensions. */
export function requestAttributes(
  request: EnrollmentRequest,
  renewed: Uint8Array | undefined,
): X509Attribute[] {
  const { Attribute } = x509();
  const pairs = request.requestAttributes
    .filter((each) => !isTemplate(each))
    .map(({ name, value }) => sequence(bmpString(name), bmpString(value)));
  const attributes = pairs.map((pair) => new Attribute(NAME_VALUE_PAIR, [pair]));
  if (renewed) attributes.push(new Attribute(RENEWAL_CERTIFICATE, [renewed]));
  return attributes;
}

function isTemplate({ name }: { name: string }): boolean {
  return name.toLowerCase() === CERTIFICATE_TEMPLATE;
}
