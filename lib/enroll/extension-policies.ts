import { encodeTlv } from '../gids/tlv.js';
import { arrayBuffer, asn1, der } from './asn1.js';

/** A certificate policy and what explains it to people. */
export interface Policy {
  oid: string;
  urls: string[];
  notices: string[];
}

const CPS = '1.3.6.1.5.5.7.2.1';
const USER_NOTICE = '1.3.6.1.5.5.7.2.2';
const IA5_STRING = 0x16;

/** DER of CertificatePolicies (RFC 5280, 4.2.1.4); Microsoft's application policies have its form. */
export function certificatePolicies(policies: readonly Policy[]): Buffer {
  const { CertificatePolicies, PolicyInformation } = asn1();
  return der(
    new CertificatePolicies(
      policies.map((policy) => {
        const policyQualifiers = qualifiers(policy);
        return new PolicyInformation({
          policyIdentifier: policy.oid,
          ...(policyQualifiers.length > 0 && { policyQualifiers }),
        });
      }),
    ),
  );
}

function qualifiers({ urls, notices }: Policy) {
  const { DisplayText, PolicyQualifierInfo, UserNotice } = asn1();
  const qualifier = (policyQualifierId: string, value: Buffer) =>
    new PolicyQualifierInfo({ policyQualifierId, qualifier: arrayBuffer(value) });
  return [
    ...urls.map((url) => qualifier(CPS, encodeTlv(IA5_STRING, Buffer.from(url, 'latin1')))),
    ...notices.map((text) =>
      qualifier(
        USER_NOTICE,
        der(new UserNotice({ explicitText: new DisplayText({ utf8String: text }) })),
      ),
    ),
  ];
}

/** DER of PolicyMappings (RFC 5280, 4.2.1.5). */
export function policyMappings(mappings: readonly { issuer: string; subject: string }[]): Buffer {
  const { PolicyMapping, PolicyMappings } = asn1();
  return der(
    new PolicyMappings(
      mappings.map(({ issuer, subject }) => {
        const mapping = new PolicyMapping();
        mapping.issuerDomainPolicy = issuer;
        mapping.subjectDomainPolicy = subject;
        return mapping;
      }),
    ),
  );
}

/** DER of PolicyConstraints (RFC 5280, 4.2.1.11). */
export function policyConstraints(
  explicit: number | undefined,
  inhibit: number | undefined,
): Buffer {
  const { PolicyConstraints } = asn1();
  return der(
    new PolicyConstraints({
      ...(explicit !== undefined && { requireExplicitPolicy: integer(explicit) }),
      ...(inhibit !== undefined && { inhibitPolicyMapping: integer(inhibit) }),
    }),
  );
}

/** The content of a DER INTEGER from 0 to 255. */
function integer(value: number): ArrayBuffer {
  return arrayBuffer(value < 0x80 ? Uint8Array.of(value) : Uint8Array.of(0, value));
}
