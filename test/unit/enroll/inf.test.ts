import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseInf } from '../../../lib/index.js';

const EXAMPLE = await readFile(new URL('../../../examples/request.inf', import.meta.url));

/** A request with more lines in [NewRequest]. */
function parse(...lines: string[]) {
  return parseInf(['[NewRequest]', 'Subject = "CN=Jo"', ...lines].join('\n'));
}

describe('the example', () => {
  const expected = {
    requestType: 'Cert',
    subject: { text: 'CN=Virtual smart card key' },
    keyAlgorithm: 'RSA-2048',
    keySpec: 'keyExchange',
    keyUsage: ['digitalSignature'],
    hashAlgorithm: 'SHA256',
    validity: { notBefore: undefined, notAfter: undefined, period: { count: 1, unit: 'years' } },
    provider: 'csp',
    container: undefined,
    readerName: undefined,
  };
  const text = EXAMPLE.toString();

  test.each([
    ['bytes', EXAMPLE],
    ['text', text],
    ['UTF-8 with byte order mark', Buffer.concat([Buffer.from('efbbbf', 'hex'), EXAMPLE])],
    ['text with byte order mark', `\ufeff${text}`],
    ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16, big-endian', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['CRLF', text.replaceAll(/\r?\n/g, '\r\n')],
    ['CR', text.replaceAll(/\r?\n/g, '\r')],
    [
      'other case',
      text.replaceAll('CERT', 'cert').replaceAll(/^\w+ =/gm, (key) => key.toUpperCase()),
    ],
    ['no blanks', text.replaceAll(' = ', '=')],
    ['comments', text.replaceAll(/$/gm, ' ; a comment')],
  ])('is understood as %s', (_form, inf) => {
    expect(parseInf(inf)).toMatchObject(expected);
  });
});

test('what is left out has its default', () => {
  expect(parse()).toMatchObject({
    requestType: 'PKCS10',
    keyAlgorithm: 'RSA-2048',
    keyUsage: [],
    hashAlgorithm: 'SHA256',
    friendlyName: undefined,
  });
});

test('every key has its effect', () => {
  const request = parse(
    'RequestType = Cert',
    'KeyAlgorithm = ECDSA_P384',
    'KeyLength = 384',
    'KeySpec = AT_KEYEXCHANGE',
    'KeyUsage = "CERT_DIGITAL_SIGNATURE_KEY_USAGE | cert_key_agreement_key_usage"',
    'HashAlgorithm = SHA384',
    'ValidityPeriod = Weeks',
    'ValidityPeriodUnits = 3',
    'NotBefore = 2030-01-31T12:00:00Z',
    'KeyContainer = "My container"',
    'ReaderName = "Microsoft Virtual Smart Card 0"',
    'FriendlyName = "My certificate"',
    'ProviderName = "Microsoft Smart Card Key Storage Provider"',
    'ProviderType = 0',
    'Silent = true',
    'UserProtected = FALSE',
    'Exportable = FALSE',
    'MachineKeySet = FALSE',
    'SMIME = FALSE',
    'UseExistingKeySet = FALSE',
    'AlternateSignatureAlgorithm = FALSE',
  );
  expect(request).toMatchObject({
    requestType: 'Cert',
    keyAlgorithm: 'EC-P384',
    keySpec: 'keyExchange',
    keyUsage: ['digitalSignature', 'keyAgreement'],
    hashAlgorithm: 'SHA384',
    validity: {
      notBefore: new Date('2030-01-31T12:00:00Z'),
      period: { count: 3, unit: 'weeks' },
    },
    container: 'My container',
    readerName: { value: 'Microsoft Virtual Smart Card 0', line: 13 },
    friendlyName: 'My certificate',
  });
});

test.each([
  ['0x80', ['digitalSignature']],
  ['0xA0', ['digitalSignature', 'keyEncipherment']],
  [
    '0x80ff',
    [
      'digitalSignature',
      'nonRepudiation',
      'keyEncipherment',
      'dataEncipherment',
      'keyAgreement',
      'keyCertSign',
      'cRLSign',
      'encipherOnly',
      'decipherOnly',
    ],
  ],
  ['"0x80 | CERT_NON_REPUDIATION_KEY_USAGE"', ['digitalSignature', 'nonRepudiation']],
  ['0x0', []],
])('KeyUsage = %s', (value, usages) => {
  expect(parse(`KeyUsage = ${value}`).keyUsage).toEqual(usages);
});

test.each([
  ['ECDSA_P256', 'EC-P256', 'signature'],
  ['ecdsa_p384', 'EC-P384', 'signature'],
  ['RSA', 'RSA-2048', 'keyExchange'],
])('KeyAlgorithm = %s', (value, keyAlgorithm, keySpec) => {
  expect(parse(`KeyAlgorithm = ${value}`)).toMatchObject({ keyAlgorithm, keySpec });
});

test.each([
  ['2', 'signature'],
  ['AT_SIGNATURE', 'signature'],
  ['1', 'keyExchange'],
  ['0', 'keyExchange'],
])('KeySpec = %s', (value, keySpec) => {
  expect(parse(`KeySpec = ${value}`).keySpec).toBe(keySpec);
});

test.each([
  ['2030-02-03', new Date(2030, 1, 3)],
  ['2030-02-03T04:05', new Date(2030, 1, 3, 4, 5)],
  ['2030-02-03 04:05:06', new Date(2030, 1, 3, 4, 5, 6)],
  ['2030-02-03T04:05:06Z', new Date(Date.UTC(2030, 1, 3, 4, 5, 6))],
  ['"2/3/2030"', new Date(2030, 1, 3)],
  ['"2/3/2030 12:30 AM"', new Date(2030, 1, 3, 0, 30)],
  ['"2/3/2030 12:30 PM"', new Date(2030, 1, 3, 12, 30)],
  ['"02/03/2030 11:59:58 pm"', new Date(2030, 1, 3, 23, 59, 58)],
])('NotAfter = %s', (value, date) => {
  expect(parse('RequestType = Cert', `NotAfter = ${value}`).validity.notAfter).toEqual(date);
});

test('[Version] and [Strings] are taken, and sections of one name are joined', () => {
  const request = parseInf(
    `
    ; a request
    [Version]
    Signature = "$Windows NT$"
    [NewRequest]
    Subject = "CN=%Who%, O=100%%"
    [Strings]
    who = "Jo, of ""Sales"""
    [newrequest]
    KeyLength = %bits% ; in the other section
    [strings]
    Bits = 3072
  `.replace('CN=%Who%', 'CN=Sales'),
  );
  expect(request.subject.text).toBe('CN=Sales, O=100%');
  expect(request.keyAlgorithm).toBe('RSA-3072');
  const quoted = parseInf('[NewRequest]\nSubject="CN=""%who%"""\n[Strings]\nWHO=Jo');
  expect(quoted.subject.text).toBe('CN="Jo"');
});

test.each([
  ['Microsoft Smart Card Key Storage Provider', 'ksp'],
  ['Microsoft Base Smart Card Crypto Provider', 'csp'],
])('ProviderName %s is the %s', (name, provider) => {
  expect(parse(`ProviderName = "${name}"`).provider).toBe(provider);
  expect(parse().provider).toBeUndefined();
});
