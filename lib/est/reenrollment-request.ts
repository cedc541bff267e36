import type { PinOptions } from '../credentials.js';
import { buildRequest } from '../enroll/certificate-builder.js';
import type { EnrollmentRequest } from '../enroll/enrollment-request.js';
import type { PendingRequest } from '../enroll/pending-request.js';
import { DEFAULT_PERIOD } from '../enroll/validity.js';
import { x509 } from '../enroll/x509.js';
import type { VirtualSmartCardKey } from '../key.js';

const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';

/**
 * A request for the next certificate of a key, with subject and alternative names exactly as in its
 * present one: RFC 7030, 4.2.2 asks for that.
 */
export async function reenrollmentRequest(
  key: VirtualSmartCardKey,
  pin: PinOptions,
): Promise<PendingRequest> {
  const { Pkcs10CertificateRequest, X509Certificate } = x509();
  const present = new X509Certificate((await key.certificate()).der);
  const names = present.getExtension(SUBJECT_ALTERNATIVE_NAME);
  const subject = {
    text: present.subject,
    der: Buffer.from(present.subjectName.toArrayBuffer()),
  };
  const { algorithm, publicKey, container } = key;
  const der = await buildRequest(
    {
      ...NOTHING_ELSE,
      subject,
      keyAlgorithm: algorithm,
      keySpec: key.keySpec,
      container,
      extensions: names
        ? [{ oid: names.type, critical: names.critical, value: new Uint8Array(names.value) }]
        : [],
    },
    {
      algorithm,
      publicKey,
      sign: (name, data) => key.sign(name, data, { ...pin, dsaEncoding: 'ieee-p1363' }),
    },
  );
  const pem = `${new Pkcs10CertificateRequest(der).toString('pem')}\n`;
  return { der, pem, requestType: 'PKCS10', key, container, renews: undefined };
}

/** What the CA decides, which knows the present certificate. */
const NOTHING_ELSE = {
  requestType: 'PKCS10',
  keyUsage: [],
  hashAlgorithm: 'SHA256',
  signaturePadding: 'pkcs1',
  validity: { notBefore: undefined, notAfter: undefined, period: DEFAULT_PERIOD },
  serialNumber: undefined,
  extendedKeyUsage: [],
  subjectAlternativeNames: [],
  basicConstraints: undefined,
  critical: [],
  requestAttributes: [],
  suppressDefaults: false,
  smime: false,
  renewalCertificate: undefined,
  useExistingKey: true,
  provider: undefined,
  readerName: undefined,
  friendlyName: undefined,
} satisfies Partial<EnrollmentRequest>;
