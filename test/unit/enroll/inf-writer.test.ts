import { describe, expect, test } from 'vitest';
import { type EnrollmentRequest, formatInf, parseInf } from '../../../lib/index.js';

const REQUEST = parseInf('[NewRequest]\nSubject = "CN=Jo"');

test('it is written as certreq documents it', () => {
  const request: EnrollmentRequest = {
    ...REQUEST,
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
    subjectAlternativeNames: [
      { type: 'upn', value: 'jo@example.org' },
      { type: 'dns', value: 'example.org' },
    ],
    friendlyName: '100 % "Jo"',
    requestAttributes: [{ name: 'CertificateTemplate', value: 'SmartcardUser' }],
  };
  expect(formatInf(request).split('\r\n')).toEqual([
    '[Version]',
    'Signature = "$Windows NT$"',
    '',
    '[NewRequest]',
    'Subject = "CN=Jo"',
    'RequestType = PKCS10',
    'KeyAlgorithm = RSA',
    'KeyLength = 2048',
    'KeySpec = AT_KEYEXCHANGE',
    'KeyUsage = 0xa0',
    'HashAlgorithm = sha256',
    'FriendlyName = "100 %% ""Jo"""',
    '',
    '[Extensions]',
    '2.5.29.17 = "{text}"',
    '_continue_ = "UPN=jo@example.org&"',
    '_continue_ = "DNS=example.org"',
    '2.5.29.37 = "{text}"',
    '_continue_ = "1.3.6.1.5.5.7.3.2"',
    '',
    '[RequestAttributes]',
    'CertificateTemplate = "SmartcardUser"',
    '',
  ]);
});

test('an ampersand in a name makes the extension hexadecimal, as Windows can read it', () => {
  const names = [{ type: 'uri' as const, value: 'http://example.org/?a&b' }];
  const text = formatInf({ ...REQUEST, subjectAlternativeNames: names });
  expect(text).toContain('2.5.29.17 = "{hex}"');
  expect(parseInf(text).subjectAlternativeNames).toEqual(names);
});

describe('what no INF can say is refused', () => {
  const refused: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['an empty object', {}],
    ['a line break', { ...REQUEST, friendlyName: 'a\nKeyLength = 1024' }],
    ['half a pair', { ...REQUEST, container: '\ud800' }],
    ['milliseconds', certificate({ notBefore: new Date('2100-01-01T00:00:00.500Z') })],
    ['no date', certificate({ notBefore: new Date(Number.NaN) })],
    ['an end before the beginning', certificate({ notAfter: new Date(0) })],
    [
      'a validity of a request',
      { ...REQUEST, validity: { ...REQUEST.validity, notAfter: new Date() } },
    ],
    [
      'a name that is not the DER',
      { ...REQUEST, subject: { text: 'CN=Jo', der: Buffer.from('3000', 'hex') } },
    ],
    ['a critical extension that is not there', { ...REQUEST, critical: ['2.5.29.17'] }],
    ['an extension twice', { ...REQUEST, extensions: [ext('1.2.3'), ext('1.2.3')] }],
    ['an extension that has a field', { ...REQUEST, extensions: [ext('2.5.29.19', '30030101ff')] }],
    ['an object identifier', { ...REQUEST, extendedKeyUsage: ['clientAuth'] }],
    ['DER', { ...REQUEST, extensions: [ext('1.2.3', '05')] }],
    [
      'a name with a key in it',
      { ...REQUEST, requestAttributes: [{ name: 'a = b\nc', value: 'd' }] },
    ],
    ['an algorithm', { ...REQUEST, keyAlgorithm: 'RSA-4096' }],
  ];

  test.each(refused)('%s', (_what, request) => {
    expect(() => formatInf(request as EnrollmentRequest)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', parameter: 'request' }),
    );
  });
});

function certificate(validity: Partial<EnrollmentRequest['validity']>): EnrollmentRequest {
  return { ...REQUEST, requestType: 'Cert', validity: { ...REQUEST.validity, ...validity } };
}

function ext(oid: string, der = '0500') {
  return { oid, critical: false, value: Buffer.from(der, 'hex') };
}
