import type { EnrollmentRequest } from '../../../lib/index.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const GUID = hex('41acc3f7 ceb8 b44f aa58 3d1dc0e36b39');
const subject = (text: string) => ({ text }) as EnrollmentRequest['subject'];
const certFor = (count: number, unit: EnrollmentRequest['validity']['period']['unit']) => ({
  requestType: 'Cert' as const,
  validity: { notBefore: undefined, notAfter: undefined, period: { count, unit } },
});

/** What the files in inf-files mean, as far as each is about it. */
export const EXPECTED: Record<string, Partial<EnrollmentRequest>> = {
  'ampersand-in-url-only': {
    subjectAlternativeNames: [
      { type: 'uri', value: 'http://example.org/?a=1&b=%32' },
      { type: 'dns', value: 'example.org' },
    ],
  },
  'ampersands-in-names': {
    subjectAlternativeNames: [
      { type: 'uri', value: 'http://example.org/?a=1&b=2' },
      { type: 'directoryName', value: 'CN="Doe & Daughters",O="A, B"' },
      { type: 'dns', value: 'example.org' },
    ],
  },
  'code-signing-key-protection': {
    friendlyName: 'Code signing, card 7',
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.3', '1.3.6.1.4.1.311.10.3.13'],
    critical: ['2.5.29.37'],
    windows: {
      keyProtection: 'forceHighProtection',
      uiContextMessage: 'Signing of releases: have your card ready.',
      keyUsageProperty: ['sign'],
    },
  },
  'continuation-backslashes': {
    keyUsage: ['digitalSignature', 'keyEncipherment', 'dataEncipherment'],
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.3'],
    extensions: [
      { oid: '2.5.29.32', critical: false, value: hex('300e 3005 06032a0304 3005 06032a0305') },
    ],
  },
  'continue-without-underscores': {
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.4'],
  },
  'cross-certification': {
    requestType: 'CMC',
    keyUsage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    basicConstraints: { ca: true, pathLength: 1 },
    extensions: [
      extension('1.3.6.1.4.1.311.21.10', false),
      extension('2.5.29.33', true),
      extension('1.3.6.1.4.1.311.21.11', false),
      extension('2.5.29.36', false),
      extension('1.3.6.1.4.1.311.21.12', false),
      extension('2.5.29.30', true),
      extension('1.3.6.1.4.1.311.10.9.1', false),
    ],
  },
  'domain-controller-guid': {
    subjectAlternativeNames: [
      { type: 'dns', value: 'dc1.corp.example' },
      { type: 'guid', value: GUID },
      { type: 'upn', value: 'dc1$@corp.example' },
    ],
  },
  'ecdsa-p256-signing': {
    keyAlgorithm: 'EC-P256',
    keySpec: 'signature',
    keyUsage: ['digitalSignature', 'nonRepudiation'],
    provider: 'ksp',
    ...certFor(18, 'months'),
  },
  'ecdsa-p384-cmc': {
    requestType: 'CMC',
    keyAlgorithm: 'EC-P384',
    hashAlgorithm: 'SHA384',
    container: 'P-384 key',
  },
  'every-alternative-name': {
    subjectAlternativeNames: [
      { type: 'upn', value: 'user@domain.example' },
      { type: 'email', value: 'user@domain.example' },
      { type: 'dns', value: 'host.domain.example' },
      { type: 'directoryName', value: 'CN=Name,DC=Domain,DC=example' },
      { type: 'uri', value: 'http://host.domain.example/default.html' },
      { type: 'ip', value: '10.0.0.1' },
      { type: 'registeredId', value: '1.2.3.4.5' },
      { type: 'guid', value: GUID },
      { type: 'otherName', oid: '1.2.3.4.6.1', value: hex('0c06 537472696e67') },
      { type: 'otherName', oid: '1.2.3.4.6.2', value: hex('0408 0001020304050607') },
      { type: 'otherName', oid: '1.2.3.4.6.2', value: hex('0408 0001020304050607') },
      { type: 'otherName', oid: '1.2.3.4.6.3', value: hex('0408 0001020304050607') },
      { type: 'otherName', oid: '1.2.3.4.6.3', value: hex('0408 0001020304050607') },
    ],
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.2'],
    basicConstraints: { ca: false, pathLength: 3 },
    critical: ['2.5.29.19'],
  },
  'everything-false': {
    smime: false,
    suppressDefaults: false,
    useExistingKey: false,
    signaturePadding: 'pkcs1',
    windows: { silent: false, userProtected: false, keyProtection: 'none' },
  },
  'existing-container': {
    useExistingKey: true,
    container: 'le-SmartcardUser-5f1c',
    readerName: { value: 'Microsoft Virtual Smart Card 0', line: 5 },
    provider: 'csp',
  },
  'extensions-hex-and-base64': {
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
    basicConstraints: { ca: true, pathLength: undefined },
    subjectAlternativeNames: [{ type: 'dns', value: 'pki.example.org.in' }],
    extensions: [
      { oid: '1.3.6.1.4.1.99999.5', critical: false, value: hex('0402 0001') },
      { oid: '1.3.6.1.4.1.99999.6', critical: true, value: hex('0c07 4772c3bcc39f65') },
      { oid: '1.3.6.1.4.1.99999.7', critical: false, value: hex('0500') },
    ],
    critical: ['2.5.29.19'],
  },
  'extensions-that-no-field-holds': {
    subjectAlternativeNames: [],
    basicConstraints: undefined,
    extensions: [
      { oid: '2.5.29.17', critical: true, value: hex('300aa508a1060c0445444931') },
      { oid: '2.5.29.19', critical: false, value: hex('3003010100') },
    ],
    critical: [],
  },
  'issuer-alternative-name': {
    extensions: [extension('2.5.29.18', false), extension('2.5.29.14', false)],
  },
  'issuing-ca': {
    keyAlgorithm: 'RSA-3072',
    keyUsage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    basicConstraints: { ca: true, pathLength: 0 },
    critical: ['2.5.29.19'],
    extensions: [
      extension('2.5.29.32', false),
      extension('2.5.29.31', false),
      extension('1.3.6.1.5.5.7.1.1', false),
    ],
  },
  'numbers-instead-of-words': {
    requestType: 'CMC',
    keySpec: 'signature',
    hashAlgorithm: 'SHA512',
    windows: { keyProtection: 'protect', keyUsageProperty: ['decrypt', 'sign', 'keyAgreement'] },
  },
  'ocsp-responder': {
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'],
    extensions: [{ oid: '1.3.6.1.5.5.7.48.1.5', critical: false, value: hex('0500') }],
  },
  'odd-spacing-and-case': {
    requestType: 'PKCS10',
    subject: subject('CN=Spacing'),
    hashAlgorithm: 'SHA256',
    friendlyName: 'a; b, c',
  },
  'only-alternative-names': {
    subject: { text: '', der: hex('3000') },
    keyAlgorithm: 'EC-P256',
    subjectAlternativeNames: [{ type: 'dns', value: 'printer.example.org' }],
    critical: ['2.5.29.17'],
  },
  'properties-of-the-store': {
    friendlyName: 'Friendly Name',
    windows: {
      properties: [
        { id: 13, value: Buffer.from('What it is for\0', 'utf16le') },
        { id: 19, value: hex('') },
        { id: 127, value: Buffer.from(Array.from({ length: 32 }, (_, byte) => byte)) },
      ],
    },
  },
  'renewal-new-key-cmc': {
    requestType: 'CMC',
    renewalCertificate: '3b7e014c90d2aa135f66e8c127b4039d58fe1240',
    subject: { text: '', der: hex('3000') },
    useExistingKey: false,
    requestAttributes: [{ name: 'CertificateTemplate', value: 'SmartcardUser' }],
  },
  'renewal-same-key': {
    requestType: 'PKCS7',
    subject: { text: '', der: hex('3000') },
    renewalCertificate: '3b7e014c90d2aa135f66e8c127b4039d58fe1240',
    useExistingKey: true,
  },
  'root-ca-empty-places': {
    keyUsage: ['keyCertSign', 'cRLSign'],
    basicConstraints: { ca: true, pathLength: undefined },
    critical: ['2.5.29.19'],
    extensions: [],
    ...certFor(20, 'years'),
  },
  'rsa-pss': { signaturePadding: 'pss', hashAlgorithm: 'SHA512', keyAlgorithm: 'RSA-3072' },
  'san-as-request-attribute': {
    subject: { text: '', der: hex('3000') },
    subjectAlternativeNames: [],
    requestAttributes: [
      { name: 'SAN', value: 'dns=www.example.org&dns=example.org' },
      { name: 'CertificateTemplate', value: 'WebServer' },
      { name: 'ccm', value: 'client.example.org' },
    ],
  },
  'self-signed-base-csp': {
    subject: subject('CN=Virtual smart card key'),
    keyUsage: ['digitalSignature'],
    provider: 'csp',
    windows: { userProtected: true },
    ...certFor(1, 'years'),
  },
  'sha1-and-1024-for-the-museum': { hashAlgorithm: 'SHA1', keyAlgorithm: 'RSA-1024' },
  'smart-card-logon-template': {
    subject: { text: '', der: hex('3000') },
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    requestAttributes: [{ name: 'CertificateTemplate', value: 'SmartcardLogon' }],
  },
  'smart-card-logon-upn': {
    subject: subject('CN=Jo Doe,OU=People,DC=corp,DC=example'),
    subjectAlternativeNames: [
      { type: 'upn', value: 'jo.doe@corp.example' },
      { type: 'email', value: 'jo.doe@example.org' },
    ],
    extendedKeyUsage: ['1.3.6.1.4.1.311.20.2.2', '1.3.6.1.5.5.7.3.2'],
  },
  'smime-user': {
    smime: true,
    suppressDefaults: true,
    subjectAlternativeNames: [
      { type: 'email', value: 'jo@example.org' },
      { type: 'email', value: 'jo.doe@example.org' },
    ],
  },
  'strings-before-and-after': {
    subject: subject('CN="Jo ""the key"" Doe",O="Example 100%"'),
    friendlyName: 'Jo "the key" Doe at C:\\cards',
  },
  'subject-ansi-french': { subject: subject('CN=Élodie Œuvre,O=Société “Été”') },
  'subject-ansi-umlauts': {
    subject: subject('CN=Jörg Groß,O=Bäckerei Müller,L=Köln,C=DE'),
    friendlyName: 'Jörgs Schlüssel – 10 €',
  },
  'subject-forward-order': {
    subject: {
      text: 'CN="Jo",DC="corp",DC="example"',
      der: hex(
        '303c 3117 3015 060a0992268993f22c640119 1607 6578616d706c65' +
          '3114 3012 060a0992268993f22c640119 1604 636f7270 310b 3009 0603550403 0c02 4a6f',
      ),
    },
  },
  'subject-long-and-quoted': {
    subject: subject(
      'E=jo@example.org, CN="Doe, Jo", OU=A+OU=B, S=Bayern, L="München", STREET=Am Rain 1, O=Doe \\+ Söhne, C=DE',
    ),
  },
  'subject-plus-and-quotes-literal': {
    subject: subject('CN="C++ of ""the"" team",O="Doe"'),
  },
  'subject-semicolons': {
    subject: subject('CN="Jo Doe",OU="Research, Development",O="Doe, Inc.",C="DE"'),
  },
  'subject-utf16-greek': { subject: subject('CN=Ελένη,O=Παράδειγμα'), friendlyName: 'κάρτα' },
  'subject-utf16be-japanese': { subject: subject('CN=山田太郎,O=株式会社例') },
  'subject-utf8-bom-turkish': { subject: subject('CN=İpek Şahin,O=Örnek') },
  'subject-utf8-emoji': { subject: subject('CN=Jo 🔑,O=Ångström') },
  'template-name-and-id': {
    extensions: [
      {
        oid: '1.3.6.1.4.1.311.20.2',
        critical: false,
        value: hex('1e1a 0053006d00610072007400630061007200640055007300650072'),
      },
      extension('1.3.6.1.4.1.311.21.7', false),
    ],
  },
  'validity-dates-iso': {
    serialNumber: hex('8f0102'),
    validity: {
      notBefore: new Date('2031-01-31T00:00:00Z'),
      notAfter: new Date('2037-07-24T22:31:05Z'),
      period: { count: 1, unit: 'years' },
    },
  },
  'validity-dates-us': {
    validity: {
      notBefore: new Date(2031, 0, 31),
      notAfter: new Date(2037, 6, 24, 22, 31),
      period: { count: 1, unit: 'years' },
    },
  },
  'validity-days': certFor(7, 'days'),
  'validity-hours': certFor(7, 'hours'),
  'validity-minutes': certFor(7, 'minutes'),
  'validity-seconds': certFor(7, 'seconds'),
  'validity-weeks': certFor(7, 'weeks'),
  'validity-years': certFor(7, 'years'),
  'web-client-many-hosts': {
    keyAlgorithm: 'RSA-3072',
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
    subjectAlternativeNames: [
      { type: 'dns', value: 'gateway.example.org' },
      { type: 'dns', value: '*.gateway.example.org' },
      { type: 'dns', value: 'xn--gtewy-gra.example.org' },
      { type: 'ip', value: '192.0.2.17' },
      { type: 'ip', value: '2001:db8::17' },
    ],
  },
};

/** An extension whose DER another test looks at. */
function extension(oid: string, critical: boolean) {
  return { oid, critical } as EnrollmentRequest['extensions'][number];
}

/** The line that each file in inf-files/refused fails on, and why. */
export const REFUSED: Record<string, [line: number, message: RegExp]> = {
  brainpool: [4, /the key is made on the card/],
  ecdh: [3, /signs the request for itself/],
  'key-archive': [7, /never archived/],
  'machine-key': [6, /belongs to its holder/],
  md5: [3, /broken.*sha256/],
  'missing-closing-quote': [4, /closing quote/],
  'names-from-the-domain': [2, /Active Directory.*Subject/],
  'names-from-the-template': [2, /Active Directory.*Subject/],
  'on-behalf-of': [4, /enrolment agent/],
  'platform-provider': [3, /Smart Card Key Storage Provider/],
  scep: [3, /PKCS10/],
  'security-descriptor': [3, /its PIN/],
  'web-server-exportable': [8, /never leaves its card/],
};
