import { describe, expect, test } from 'vitest';
import { parseInf } from '../../../lib/index.js';

/** Two lines, so that what follows is on line 3. */
const HEAD = '[NewRequest]\nSubject = "CN=Jo"\n';

/** The INF behind the head, the line that is wrong and what is said about it. */
type Case = [body: string, line: number, message: RegExp];

const refuses = ([body, line, message]: Case) => {
  expect(() => parseInf(HEAD + body)).toThrow(
    expect.objectContaining({ code: 'ERR_INF', line, message: expect.stringMatching(message) }),
  );
};

const san = (value: string, message: RegExp): Case => [
  `[Extensions]\n2.5.29.17 = "{text}dns=a.example&"\n_continue_ = "${value}"`,
  5,
  message,
];

describe('[NewRequest] refuses', () => {
  test.each<Case>([
    ['SecurityDescriptor = "D:P"', 3, /its PIN/],
    ['EncryptionAlgorithm = AES', 3, /never archived/],
    ['ExportableEncrypted = TRUE', 3, /never leaves/],
    ['PrivateKeyArchive = TRUE', 3, /never archived/],
    ['AttestPrivateKey = TRUE', 3, /attestation/],
    ['EccKeyParameters_Seed = 00', 3, /made on the card/],
    ['PublicKey = AA==', 3, /made on the card/],
    ['RequesterName = CORP', 3, /enrolment agent/],
    ['CACerts = x', 3, /SCEP/],
    ['ExistingKeySet = TRUE', 3, /UseExistingKeySet/],
    ['KeyAlgorithm = DH', 3, /signs the request/],
    ['KeyAlgorithm = ECDSA_P521', 3, /P-521/],
    ['HashAlgorithm = MD2', 3, /broken/],
    ['KeyProtection = 3', 3, /NCRYPT_UI_PROTECT_KEY_FLAG/],
    ['KeyUsageProperty = 8', 3, /0 to 7/],
    ['KeyUsageProperty = 16', 3, /hexadecimal/],
    ['X500NameFlags = 0x20000', 3, /UTF-8/],
    ['X500NameFlags = CERT_NAME_STR_CRLF_FLAG', 3, /line breaks/],
    ['X500NameFlags = CERT_NAME_STR_TAB_FLAG', 3, /CERT_NAME_STR_SEMICOLON_FLAG/],
    ['SubjectNameFlags = 0x80000000', 3, /Active Directory/],
    ['SubjectNameFlags = 8', 3, /RenewalCert is missing/],
    [`SubjectNameFlags = 8\nRequestType = CMC\nRenewalCert = ${'a'.repeat(40)}`, 3, /says others/],
    ['RenewalCert = 1234', 3, /40 hexadecimal digits/],
    [`RenewalCert = ${'a'.repeat(40)}`, 3, /PKCS7 or CMC/],
    ['RequestType = PKCS7', 1, /RenewalCert is missing/],
    ['SerialNumber = 12', 3, /only RequestType = Cert/],
    ['RequestType = Cert\nSerialNumber = 0', 4, /above 0/],
    [`RequestType = Cert\nSerialNumber = ff${'00'.repeat(19)}`, 4, /up to 20 bytes/],
    ['RequestType = Cert\nSerialNumber = xyz', 4, /hexadecimal/],
    ['KeyAlgorithm = ECDSA_P256\nAlternateSignatureAlgorithm = TRUE', 4, /RSASSA-PSS/],
    ['UIContextMessage = ""', 3, /1 to 1024/],
    ['SuppressDefaults = 1', 3, /TRUE or FALSE/],
    [
      'KeyUsage = 0x80\n[Extensions]\n2.5.29.15 = AwIFoA==',
      3,
      /2\.5\.29\.15 is there already, on line 5/,
    ],
    [
      'FriendlyName = a\n[Properties]\n11 = "{text}b"',
      5,
      /FriendlyName is there already, on line 3/,
    ],
  ])('%s', (...each) => refuses(each));
});

describe('[Extensions] refuses', () => {
  test.each<Case>([
    ['[Extensions]\nSAN = "{text}dns=a"', 4, /object identifier/],
    ['[Extensions]\n3.1.2 = "{hex}0500"', 4, /object identifier/],
    ['[Extensions]\n1.40.2 = "{hex}0500"', 4, /object identifier/],
    ['[Extensions]\n1.2.03 = "{hex}0500"', 4, /object identifier/],
    ['[Extensions]\n1.2.3 = "{hex}050"', 4, /pairs of hexadecimal/],
    ['[Extensions]\n1.2.3 = "{hex}0x05"', 4, /pairs of hexadecimal/],
    ['[Extensions]\n1.2.3 = "{hex}05 00 00"', 4, /not DER/],
    ['[Extensions]\n1.2.3 = AwIFoA', 4, /base64/],
    ['[Extensions]\n1.2.3 = "AwIFoB=="', 4, /base64/],
    ['[Extensions]\n1.2.3 = "{asn}AA=="', 4, /not DER/],
    ['[Extensions]\n1.2.3 = "{text}hello"', 4, /\{text\} is understood for 2\.5\.29\.17/],
    ['[Extensions]\n1.2.3 = Empty', 4, /1\.3\.6\.1\.5\.5\.7\.48\.1\.5/],
    ['[Extensions]\n2.5.29.37 = "{text}"', 4, /no usage/],
    ['[Extensions]\n2.5.29.37 = "{text}1.2.3,,1.2.4"', 4, /object identifier/],
    ['[Extensions]\n2.5.29.37 = "{text}1.2.3,"\n_continue_ = "serverAuth"', 5, /object identifier/],
    ['[Extensions]\n2.5.29.19 = "{text}ca=2"', 4, /ca=0 or ca=1/],
    ['[Extensions]\n2.5.29.19 = "{text}ca=1&pathlength=256"', 4, /0 to 255/],
    ['[Extensions]\n2.5.29.19 = "{text}ca=1&ca=1"', 4, /each once/],
    ['[Extensions]\n1.3.6.1.4.1.311.20.2 = "{text}"', 4, /1 to 256/],
    ['[Extensions]\nCritical = 2.5.29.19', 4, /no such extension/],
    ['[Extensions]\nCritical = yes', 4, /object identifier/],
    ['[Extensions]\n1.2.3 = "{hex}0500"\n1.2.3 = "{hex}0500"', 5, /already, on line 4/],
    [
      '[EnhancedKeyUsageExtension]\nOID = 1.2.3\n[Extensions]\n2.5.29.37 = "{text}1.2.3"',
      6,
      /already, on line 3/,
    ],
    ['[Extensions]\n_continue_ = "x"', 4, /nothing before it/],
  ])('%s', (...each) => refuses(each));
});

describe('alternative names refuse, on the line that continues them', () => {
  test.each<Case>([
    san('host', /expected NAME=value/),
    san('host=a', /none of UPN, EMail, DNS/),
    san('dns=', /1 to 1024/),
    san('dns=bücher.example', /xn--/),
    san('dns=a b', /such as www/),
    san('email=jo', /jo@example\.org/),
    san('email=jörg@example.org', /ASCII/),
    san('upn=jo', /user principal name/),
    san('url=example.org', /URL/),
    san('ipaddress=10.0.0', /192\.0\.2\.1/),
    san('ipaddress=fe80::1%%eth0', /192\.0\.2\.1/),
    san('registeredid=1', /object identifier/),
    san('guid=f7c3ac41', /GUID/),
    san('directoryname=Jo', /NAME=value/),
    san('1.2.3=text', /\{utf8\}/),
    san('1.2.3={octet}xyz', /base64/),
    san('1.2.3={hex}0501', /not DER/),
    san('dns=""a', /quotes/),
    san('dns=""a""b""', /quotes/),
    san('&dns=b.example', /expected NAME=value/),
  ])('%s', (...each) => refuses(each));
});

describe('sections that make one extension refuse', () => {
  test.each<Case>([
    ['[EnhancedKeyUsageExtension]\nURL = 1.2.3', 4, /Keys there: OID, Critical/],
    ['[EnhancedKeyUsageExtension]\nOID = clientAuth', 4, /object identifier/],
    ['[EnhancedKeyUsageExtension]\nOID = 1.2.3\nCritical = maybe', 5, /TRUE or FALSE/],
    ['[EnhancedKeyUsageExtension]\nCritical = yes', 4, /no such extension/],
    ['[BasicConstraintsExtension]\nPathLength = -1', 4, /whole number/],
    ['[BasicConstraintsExtension]\nSubjectType = CA', 4, /PathLength, Critical/],
    ['[PolicyStatementExtension]\nPolicies = Nowhere', 4, /no section \[Nowhere\]/],
    ['[PolicyStatementExtension]\nPolicy = A', 4, /Policies, Critical/],
    ['[PolicyStatementExtension]\nPolicies = A\n[A]\nURL = http://a', 5, /no OID/],
    ['[PolicyStatementExtension]\nPolicies = A\n[A]\nOID = 1.2.3\nOID = 1.2.3', 7, /one OID/],
    ['[PolicyStatementExtension]\nPolicies = A\n[A]\nOID = 1.2.3\nCPS = x', 7, /OID, URL, Notice/],
    [
      `[PolicyStatementExtension]\nPolicies = A\n[A]\nOID = 1.2.3\nNotice = ${'x'.repeat(201)}`,
      7,
      /1 to 200/,
    ],
    [
      '[PolicyStatementExtension]\nPolicies = A\n[A]\nOID = 1.2.3\n[B]\nOID = 1.2.3',
      7,
      /\[B\] is not supported/,
    ],
    ['[PolicyMappingsExtension]\n1.2.3 = any', 4, /object identifier/],
    ['[PolicyConstraintsExtension]\nCritical = no', 3, /RequireExplicitPolicy or/],
    ['[PolicyConstraintsExtension]\nInhibitAnyPolicy = 1', 4, /InhibitPolicyMapping/],
    ['[NameConstraintsExtension]\nCritical = yes', 3, /includes or excludes/],
    ['[NameConstraintsExtension]\nPermit = A', 4, /Include, Exclude/],
    ['[NameConstraintsExtension]\nInclude = A\n[A]\nIPAddress = 10.0.0.0', 6, /address and a mask/],
    [
      '[NameConstraintsExtension]\nInclude = A\n[A]\nIPAddress = 10.0.0.0, ffff::',
      6,
      /address and a mask/,
    ],
    ['[NameConstraintsExtension]\nInclude = A\n[A]\nEMail = a b', 6, /without blanks/],
    ['[NameConstraintsExtension]\nInclude = A\n[A]\nHost = a', 6, /none of UPN/],
    ['[CRLDistributionPoint]\nURL = nowhere', 4, /URL such as/],
    ['[CRLDistributionPoint]\nURL = http://a/\nEmpty = TRUE', 5, /exclude each other/],
    ['[AuthorityInformationAccess]\nOCSP = http://a/', 4, /URL, Empty, Critical/],
    ['[CrossCertificateDistributionPointsExtension]\nSyncDeltaTime = 5', 4, /needs a URL/],
    [
      '[CrossCertificateDistributionPointsExtension]\nSyncDeltaTime = 5\nSyncDeltaTime = 6',
      5,
      /once/,
    ],
    ['[RequestAttributes]\nSAN = a,b', 4, /in quotes/],
    ['[RequestAttributes]\na = 1\nA = 2', 5, /already, on line 4/],
    ['[Properties]\nFriendlyName = a', 4, /1 to 65535/],
    ['[Properties]\n2 = "{text}"', 4, /set by Windows/],
    ['[Properties]\n127 = "{text}a"', 4, /properties 11 and 13/],
    ['[Properties]\n11 = Empty', 4, /friendly name/],
  ])('%s', (...each) => refuses(each));
});

describe('values over several lines refuse', () => {
  test.each<Case>([
    ['FriendlyName = a\\\nKeyLength = 2048', 3, /part of this value/],
    ['FriendlyName = a\\\n[Extensions]', 3, /nothing follows/],
    ['FriendlyName = "a"\\\n"b"', 4, /_continue_/],
    ['FriendlyName = a\\\n"b"', 4, /_continue_/],
    ['FriendlyName = a\\, b', 3, /in quotes/],
    ['FriendlyName = a\n_continue_ = %%%', 4, /Write %%/],
  ])('%j', (...each) => refuses(each));
});
