import { describe, expect, test } from 'vitest';
import { parseInf, VirtualSmartCardError } from '../../../lib/index.js';

function refusal(inf: string | Uint8Array): VirtualSmartCardError {
  try {
    parseInf(inf);
  } catch (error) {
    if (error instanceof VirtualSmartCardError) return error;
    throw error;
  }
  throw new Error('the INF was accepted');
}

/** Two lines, so that what follows is on line 3. */
const HEAD = '[NewRequest]\nSubject = "CN=Jo"\n';
const CERT = `${HEAD}RequestType = Cert\n`;

const ON_LINE_3: [string, RegExp][] = [
  ['Keylenght = 2048', /not understood.*Supported keys: Subject.*KeyLength/],
  ['KeyLength', /key = value/],
  ['= 2048', /key = value/],
  ['KeyLength =', /value is missing/],
  ['KeyLength = ; 2048', /value is missing/],
  ['KeyLength = 2048,3072', /in quotes/],
  ['FriendlyName = C:\\', /in quotes/],
  ['FriendlyName = say "x"', /in quotes/],
  ['FriendlyName = "say', /closing quote/],
  ['FriendlyName = "say" x', /behind the closing quote/],
  ['FriendlyName = ""', /1 to 256/],
  ['FriendlyName = a\u0007b', /not text/],
  ['FriendlyName = a\0b', /not text/],
  ['FriendlyName = a\ud800b', /not text/],
  ['FriendlyName = 50%', /Write %%/],
  ['FriendlyName = %who%', /no "who"/],
  ['[Extension]', /not supported.*NewRequest.*Extensions/],
  ['[NewRequest', /\[Name\]/],
  ['[] ', /\[Name\]/],
  ['[NewRequest] x', /\[Name\]/],
  ['subject = "CN=Jo"', /already, on line 2/],
  ['RequestType = X509', /Cert, PKCS10, PKCS7, CMC/],
  ['RequestType = SCEP', /not supported/],
  ['RequestType = 0xfd00', /SCEP/],
  ['RequestType = ""', /Cert, PKCS10/],
  ['KeyLength = 2048bits', /whole number/],
  ['KeyLength = -2048', /whole number/],
  ['KeyLength = 0x800', /whole number/],
  ['KeyLength = 4096', /1024, 2048 or 3072/],
  ['KeyLength = 99999999999999999999', /whole number/],
  ['KeyAlgorithm = DSA', /ECDSA_P256/],
  ['KeyAlgorithm = ECDSA_P521', /ECDSA_P256/],
  ['KeySpec = 3', /AT_KEYEXCHANGE/],
  ['KeyUsage = 80', /hexadecimal/],
  ['KeyUsage = 0x100', /hexadecimal/],
  ['KeyUsage = 0x', /hexadecimal/],
  ['KeyUsage = "0x80 |"', /hexadecimal/],
  ['KeyUsage = CERT_SIGN', /CERT_DIGITAL_SIGNATURE_KEY_USAGE/],
  ['HashAlgorithm = md5', /sha256/],
  ['ValidityPeriod = Years', /only RequestType = Cert/],
  ['NotAfter = 2050-01-01', /only RequestType = Cert/],
  ['KeyContainer = "0123456789012345678901234567890123456789"', /1 to 39/],
  ['KeyContainer = "\\\\.\\reader\\x"', /backslash/],
  ['ProviderName = "Microsoft Software Key Storage Provider"', /Smart Card/],
  ['ProviderType = 24', /ProviderType is 1/],
  ['Exportable = TRUE', /never leaves/],
  ['Exportable = 1', /TRUE or FALSE/],
  ['MachineKeySet = TRUE', /not supported/],
  ['SMIME = YES', /TRUE or FALSE/],
  ['UseExistingKeySet = TRUE', /needs KeyContainer or RenewalCert/],
  ['UserProtected = maybe', /TRUE or FALSE/],
  ['Silent = 0', /TRUE or FALSE/],
];

describe('on line 3', () => {
  test.each(ON_LINE_3)('%s', (line, message) => {
    for (const inf of [HEAD + line, `${HEAD}${line}\r\n; the end\r\n`]) {
      const error = refusal(inf);
      expect(error).toMatchObject({ code: 'ERR_INF', line: 3 });
      expect(error.message).toMatch(message);
      expect(error.message).toContain('Line 3');
    }
  });
});

test.each([
  ['', 1, /no section \[NewRequest\]/],
  ['; nothing', 1, /no section \[NewRequest\]/],
  ['[Version]\nSignature="$Windows NT$"', 1, /no section \[NewRequest\]/],
  ['\n\nSubject = CN=Jo', 3, /before any \[section\]/],
  ['\n[NewRequest]\nKeyLength = 2048', 2, /no Subject/],
  ['[Version]\nSignature = "$CHICAGO$x"\n[NewRequest]\nSubject=CN=Jo', 2, /Signature/],
  ['[Version]\nClass = x\n[NewRequest]\nSubject=CN=Jo', 2, /Signature/],
  [`${HEAD}KeyAlgorithm = ECDSA_P256\nKeyLength = 384`, 4, /KeyLength is 256/],
  [
    `${HEAD}KeyAlgorithm = ECDSA_P256\nProviderName = "Microsoft Base Smart Card Crypto Provider"`,
    4,
    /RSA keys only/,
  ],
  [
    `${HEAD}ProviderType = 1\nProviderName = "Microsoft Smart Card Key Storage Provider"`,
    3,
    /ProviderType is 0/,
  ],
  [`${CERT}ValidityPeriod = Years`, 4, /belong together/],
  [`${CERT}ValidityPeriodUnits = 2`, 4, /belong together/],
  [`${CERT}ValidityPeriod = Years\nValidityPeriodUnits = 0`, 5, /whole number/],
  [`${CERT}ValidityPeriod = Decades\nValidityPeriodUnits = 2`, 4, /Years, Months/],
  [`${CERT}ValidityPeriod = Years\nValidityPeriodUnits = 9000`, 4, /year 9999/],
  [`${CERT}ValidityPeriod = Years\nValidityPeriodUnits = 999999999`, 4, /year 9999/],
  [
    `${CERT}ValidityPeriod = Years\nValidityPeriodUnits = 2\nNotAfter = 2050-01-01`,
    6,
    /exclude each other/,
  ],
  [`${CERT}NotAfter = 2001-01-01`, 4, /before it begins/],
  [`${CERT}NotBefore = 2050-01-02\nNotAfter = 2050-01-02`, 5, /before it begins/],
  [`${CERT}NotBefore = 2050-02-30`, 4, /a date such as/],
  [`${CERT}NotBefore = 2050-13-01`, 4, /a date such as/],
  [`${CERT}NotBefore = 2050-01-01T24:00`, 4, /a date such as/],
  [`${CERT}NotBefore = 13/1/2050`, 4, /a date such as/],
  [`${CERT}NotBefore = "1/1/2050 13:00 PM"`, 4, /a date such as/],
  [`${CERT}NotBefore = "1/1/2050 0:00 AM"`, 4, /a date such as/],
  [`${CERT}NotBefore = tomorrow`, 4, /a date such as/],
])('%j is refused on line %i', (inf, line, message) => {
  const error = refusal(inf);
  expect(error).toMatchObject({ code: 'ERR_INF', line });
  expect(error.message).toMatch(message);
});

test('bytes that are no text are refused', () => {
  expect(refusal(Buffer.from('ff00ff00ff', 'hex'))).toMatchObject({ code: 'ERR_INF' });
  const oddUtf16 = Buffer.from('fffe5b00', 'hex').subarray(0, 3);
  const halfPair = Buffer.from('\ufeff[NewRequest]\nSubject = "CN=\ud800"\n', 'utf16le');
  const noUtf8 = Buffer.concat([Buffer.from('efbbbf', 'hex'), Buffer.from('CN=J\xf6rg', 'latin1')]);
  for (const bytes of [oddUtf16, halfPair, noUtf8]) {
    expect(refusal(bytes)).toMatchObject({ code: 'ERR_INF' });
    expect(refusal(bytes).message).toContain('Save it as UTF-8');
  }
});

describe('the subject', () => {
  test.each([
    ['Jo', /NAME=value/],
    ['CN', /NAME=value/],
    ['=Jo', /NAME=value/],
    ['CN=', /no value/],
    ['CN=Jo,', /part of it is missing/],
    ['CN=Jo,,O=X', /NAME=value/],
    ['CN=Jo,+O=X', /NAME=value/],
    ['XY=Jo', /none of CN, O/],
    ['C=Germany', /two letters|at most 2/],
    ['C=D', /two letters/],
    ['E=jörg@example.org', /plain ASCII/],
    [`CN=${'x'.repeat(65)}`, /at most 64/],
    ['CN=a\\b', /escapes nothing/],
    ['CN=a\\', /final backslash/],
    ['CN=a\\ff', /not UTF-8/],
    ['CN=""Jo', /closing quote is missing/],
    ['CN=""Jo"" x', /comma before/],
    ['CN=Jo""x""', /must be escaped/],
  ])('%s', (subject, message) => {
    const error = refusal(`[NewRequest]\nSubject = "${subject}"`);
    expect(error).toMatchObject({ code: 'ERR_INF', line: 2 });
    expect(error.message).toMatch(message);
  });
});
