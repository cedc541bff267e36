import fc from 'fast-check';
import { parseDistinguishedName } from '../../../lib/enroll/distinguished-name.js';
import { KEY_USAGES } from '../../../lib/enroll/key-usage.js';
import type { EnrollmentRequest, GeneralName, WindowsSettings } from '../../../lib/index.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it leaves out
const NOT_TEXT = /[\u0000-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/u;

/** What an INF value can hold: any characters but control characters and halves of pairs. */
export function text(minLength: number, maxLength: number): fc.Arbitrary<string> {
  const odd = fc.constantFrom('%', '%%', '"', '""', '\\', ';', ',', '&', '=', '{text}', ' ', '[x]');
  const unit = fc.oneof(
    { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 4 }) },
    odd,
  );
  return fc
    .array(unit, { minLength, maxLength: 12 })
    .map((parts) => parts.join(''))
    .filter((each) => each.length >= minLength && each.length <= maxLength && !NOT_TEXT.test(each));
}

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((each) => Buffer.from(each));

/** Object identifiers outside of 2.5.29, in which the fields of a request are. */
const privateOid = fc
  .array(fc.oneof(fc.nat(127), fc.nat(0xffff_ffff)), { minLength: 1, maxLength: 5 })
  .map((arcs) => `1.3.6.1.4.1.99999.${arcs.join('.')}`);

/** An OCTET STRING of less than 128 bytes. */
const der = bytes(0, 100).map((content) =>
  Buffer.concat([Buffer.from([0x04, content.length]), content]),
);

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const address = fc.tuple(label, host).map(([user, domain]) => `${user}@${domain}`);

const nameText = fc
  .array(
    fc.tuple(
      fc.constantFrom('CN', 'O', 'OU', 'L', 'ST', 'STREET', 'T', 'G', 'I', 'SN', 'UID'),
      text(1, 40),
      fc.constantFrom(',', '+', ' , ', ';'),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((attributes) =>
    attributes
      .map(([type, value, separator], index) => {
        const quoted = `"${value.replaceAll('\\', '\\\\').replaceAll('"', '""')}"`;
        return `${type}=${quoted}${index < attributes.length - 1 ? separator : ''}`;
      })
      .join(''),
  );

const generalName: fc.Arbitrary<GeneralName> = fc.oneof(
  fc.record({ type: fc.constant('dns' as const), value: host }),
  fc.record({ type: fc.constant('email' as const), value: address }),
  fc.record({
    type: fc.constant('upn' as const),
    value: fc
      .tuple(text(1, 20), host)
      .map(([user, domain]) => `${user.replaceAll('@', '')}x@${domain}`),
  }),
  fc.record({
    type: fc.constant('uri' as const),
    value: fc.webUrl({ withQueryParameters: true, withFragments: true }),
  }),
  fc.record({
    type: fc.constant('ip' as const),
    value: fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((ip) => new URL(`http://[${ip}]`).hostname.slice(1, -1)),
    ),
  }),
  fc.record({ type: fc.constant('directoryName' as const), value: nameText }),
  fc.record({ type: fc.constant('registeredId' as const), value: privateOid }),
  fc.record({ type: fc.constant('guid' as const), value: bytes(16, 16) }),
  fc.record({ type: fc.constant('otherName' as const), oid: privateOid, value: der }),
);

const seconds = fc
  .integer({ min: Date.UTC(2100, 0) / 1000, max: Date.UTC(2150, 0) / 1000 })
  .map((each) => new Date(each * 1000));

const validity = fc
  .record({
    notBefore: fc.option(seconds, { nil: undefined }),
    lifetime: fc.option(fc.integer({ min: 1, max: 2 ** 31 }), { nil: undefined }),
    count: fc.integer({ min: 1, max: 999 }),
    unit: fc.constantFrom(
      'years' as const,
      'months' as const,
      'weeks' as const,
      'days' as const,
      'hours' as const,
      'minutes' as const,
      'seconds' as const,
    ),
  })
  .map(({ notBefore, lifetime, count, unit }) => ({
    notBefore,
    notAfter:
      lifetime === undefined
        ? undefined
        : new Date((notBefore ?? new Date(Date.UTC(2100, 0))).getTime() + lifetime * 1000),
    period: lifetime === undefined ? { count, unit } : { count: 1, unit: 'years' as const },
  }));

const serialNumber = fc
  .tuple(fc.integer({ min: 1, max: 0x7f }), bytes(0, 19))
  .map(([first, rest]) => Buffer.concat([Buffer.from([first]), rest]));

const windows: fc.Arbitrary<WindowsSettings> = fc.record(
  {
    silent: fc.boolean(),
    userProtected: fc.boolean(),
    keyProtection: fc.constantFrom(
      'none' as const,
      'protect' as const,
      'forceHighProtection' as const,
    ),
    uiContextMessage: text(1, 100),
    keyUsageProperty: fc.subarray(['decrypt', 'sign', 'keyAgreement'] as const),
    properties: fc.uniqueArray(
      fc.record({ id: fc.integer({ min: 100, max: 65_535 }), value: bytes(0, 80) }),
      { minLength: 1, maxLength: 3, selector: ({ id }) => id },
    ),
  },
  { requiredKeys: [] },
);

const ordinary = fc.record({
  extendedKeyUsage: fc.array(privateOid, { maxLength: 3 }),
  subjectAlternativeNames: fc.array(generalName, { maxLength: 5 }),
  basicConstraints: fc.option(
    fc.record({
      ca: fc.boolean(),
      pathLength: fc.option(fc.nat(255), { nil: undefined }),
    }),
    { nil: undefined },
  ),
  extensions: fc.uniqueArray(fc.record({ oid: privateOid, critical: fc.boolean(), value: der }), {
    maxLength: 4,
    selector: ({ oid }) => oid,
  }),
  keyUsage: fc.subarray([...KEY_USAGES]),
  requestAttributes: fc.uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[a-zA-BD-Z][A-Za-z0-9 %-]{0,8}[A-Za-z0-9]$/),
      value: text(1, 80),
    }),
    { maxLength: 3, selector: ({ name }) => name.toLowerCase() },
  ),
  keySpec: fc.constantFrom('keyExchange' as const, 'signature' as const),
  hashAlgorithm: fc.constantFrom(
    'SHA1' as const,
    'SHA256' as const,
    'SHA384' as const,
    'SHA512' as const,
  ),
  suppressDefaults: fc.boolean(),
  smime: fc.boolean(),
  readerName: fc.option(
    text(1, 100).map((value) => ({ value, line: 1 })),
    { nil: undefined },
  ),
  friendlyName: fc.option(text(1, 100), { nil: undefined }),
  windows: fc.option(windows, { nil: undefined }),
});

const key = fc.oneof(
  fc.record({
    keyAlgorithm: fc.constantFrom('RSA-1024' as const, 'RSA-2048' as const, 'RSA-3072' as const),
    signaturePadding: fc.constantFrom('pkcs1' as const, 'pss' as const),
    provider: fc.constantFrom('csp' as const, 'ksp' as const, undefined),
  }),
  fc.record({
    keyAlgorithm: fc.constantFrom('EC-P256' as const, 'EC-P384' as const),
    signaturePadding: fc.constant('pkcs1' as const),
    provider: fc.constantFrom('ksp' as const, undefined),
  }),
);

const container = fc.option(
  text(1, 39).map((each) => each.replaceAll('\\', '/')),
  { nil: undefined },
);
const NO_VALIDITY = {
  notBefore: undefined,
  notAfter: undefined,
  period: { count: 1, unit: 'years' as const },
};

/** What depends on the kind of request. */
const kind = fc.oneof(
  fc.record({
    requestType: fc.constant('Cert' as const),
    validity,
    serialNumber: fc.option(serialNumber, { nil: undefined }),
    renewalCertificate: fc.constant(undefined),
    useExistingKey: fc.constant(false),
    container,
  }),
  fc.record({
    requestType: fc.constantFrom('PKCS10' as const, 'CMC' as const),
    validity: fc.constant(NO_VALIDITY),
    serialNumber: fc.constant(undefined),
    renewalCertificate: fc.constant(undefined),
    useExistingKey: fc.constant(false),
    container,
  }),
  fc.record({
    requestType: fc.constantFrom('PKCS7' as const, 'CMC' as const),
    validity: fc.constant(NO_VALIDITY),
    serialNumber: fc.constant(undefined),
    renewalCertificate: fc.stringMatching(/^[0-9a-f]{40}$/),
    useExistingKey: fc.boolean(),
    container,
  }),
);

/** Requests as parseInf makes them, of every kind. */
export const enrollmentRequest: fc.Arbitrary<EnrollmentRequest> = fc
  .record({
    ordinary,
    key,
    kind,
    subject: nameText,
    critical: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  })
  .map(
    ({ ordinary: { windows: settings, ...rest }, key: keyFields, kind: kindFields, ...parts }) => {
      const there = [
        rest.subjectAlternativeNames.length > 0 && '2.5.29.17',
        rest.basicConstraints !== undefined && '2.5.29.19',
        rest.extendedKeyUsage.length > 0 && '2.5.29.37',
      ];
      return {
        ...rest,
        ...keyFields,
        ...kindFields,
        ...(settings && Object.keys(settings).length > 0 && { windows: settings }),
        subject: parseDistinguishedName(parts.subject),
        critical: there.filter((oid, index) => oid !== false && parts.critical[index]) as string[],
      };
    },
  );
