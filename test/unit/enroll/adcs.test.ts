import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readEncodedRequest } from '../../../lib/enroll/adcs/encoded-request.js';
import {
  checkRetrieveOptions,
  checkSubmitOptions,
} from '../../../lib/enroll/adcs/request-options.js';
import { readCertificateBundle } from '../../../lib/enroll/certs-only.js';
import { retrieveCertificate, submitCertificateRequest } from '../../../lib/index.js';
import { chainOf } from '../../../lib/issuers.js';
import { expectError } from '../../support/expect-error.js';
import { runOpenssl } from './support/openssl-files.js';

const directory = mkdtempSync(join(tmpdir(), 'vsc-adcs-'));
afterAll(() => rmSync(directory, { recursive: true }));
const openssl = (line: string) => runOpenssl(directory, line);
const read = (name: string) => readFileSync(join(directory, name));

/** A request of OpenSSL's, and the same in signed data of two kinds. */
openssl('req -x509 -newkey rsa:2048 -nodes -keyout old.key -out old.pem -subj /CN=Old');
openssl('req -new -key old.key -subj /CN=Jo -out pkcs10.pem');
openssl('req -in pkcs10.pem -outform DER -out pkcs10.der');
const SIGN = 'cms -sign -binary -nodetach -in pkcs10.der -signer old.pem -inkey old.key';
openssl(`${SIGN} -outform DER -out pkcs7.der`);
openssl(`${SIGN} -econtent_type 1.3.6.1.5.5.7.12.2 -outform DER -out cmc.der`);
openssl('x509 -in old.pem -outform DER -out certificate.der');

describe('a request', () => {
  test.each([
    ['pkcs10.der', 'PKCS10'],
    ['pkcs7.der', 'PKCS7'],
    ['cmc.der', 'CMC'],
  ])('in %s is %s', async (name, kind) => {
    expect(await readEncodedRequest(read(name))).toEqual({ kind, der: read(name) });
  });

  test('is taken as PEM, as certreq writes it, as base64, and as the bytes of such a file', async () => {
    const der = read('pkcs10.der');
    const pem = read('pkcs10.pem').toString();
    const asWindows = pem.replace(/CERTIFICATE REQUEST/g, 'NEW CERTIFICATE REQUEST');
    const texts = [
      pem,
      `some words\n${pem}more`,
      asWindows.replaceAll('\n', '\r\n'),
      der.toString('base64'),
    ];
    for (const form of [...texts, ...texts.map((text) => Buffer.from(text))]) {
      expect(await readEncodedRequest(form)).toEqual({ kind: 'PKCS10', der });
    }
  });

  test.each([
    ['a certificate', () => read('certificate.der')],
    ['a certificate as PEM', () => read('old.pem').toString()],
    ['a private key', () => read('old.key').toString()],
    ['nothing', () => Buffer.alloc(0)],
    ['an empty text', () => ''],
    ['words', () => 'no request at all!'],
    ['the beginning of one', () => read('pkcs10.der').subarray(0, 100)],
    ['PEM without an end', () => read('pkcs10.pem').toString().slice(0, 200)],
    ['10 MB of base64', () => 'A'.repeat(10_000_000)],
    ['10 MB of bytes', () => Buffer.alloc(10_000_000, 0x30)],
    ['10 MB of zeros', () => Buffer.alloc(10_000_000)],
    ['beginnings of PEM', () => '-----BEGIN PKCS7-----'.repeat(5000)],
    ['a number', () => 7],
    ['null', () => null],
  ])('is not %s', async (_, make) => {
    const error = await expectError(readEncodedRequest(make()), 'ERR_INVALID_ARGUMENT');
    expect(error.parameter).toBe('request');
    expect(error.message.length).toBeLessThan(400);
  });
});

describe('the options', () => {
  const request = 'AAAA';

  test('become what Windows takes', () => {
    const attributes = [
      { name: 'CertificateTemplate', value: 'User' },
      { name: 'san', value: 'dns=a.example&url=https://a.example/' },
    ];
    const lines = 'CertificateTemplate:User\nsan:dns=a.example&url=https://a.example/';
    const config = 'host.example\\Name: of an authority (2)';
    expect(checkSubmitOptions({ request, config, attributes })).toEqual({
      config,
      attributes: lines,
    });
    expect(checkSubmitOptions({ request })).toEqual({ config: '', attributes: '' });
    const web = 'https://ces.example/CA_CES_Kerberos/service.svc/CES';
    expect(checkRetrieveOptions({ config: web, requestId: 1 })).toEqual({
      config: web,
      requestId: 1,
    });
  });

  test.each([
    ['config', { request, config: 'host' }],
    ['config', { request, config: '\\name' }],
    ['config', { request, config: 'host\\' }],
    ['config', { request, config: '\\\\host\\name' }],
    ['config', { request, config: 'http://host/' }],
    ['config', { request, config: '' }],
    ['config', { request, config: 'host\\a\nb' }],
    ['config', { request, config: `host\\${'a'.repeat(1531)}` }],
    ['attributes', { request, attributes: 'CertificateTemplate:User' }],
    ['attributes[0]', { request, attributes: ['CertificateTemplate:User'] }],
    ['attributes[0].name', { request, attributes: [{ name: 'a:b', value: 'c' }] }],
    ['attributes[0].name', { request, attributes: [{ name: '', value: 'c' }] }],
    ['attributes[0].value', { request, attributes: [{ name: 'a', value: '' }] }],
    ['attributes[0].value', { request, attributes: [{ name: 'a', value: 'b\nc:d' }] }],
    ['attributes', { request, attributes: Array(400).fill({ name: 'abc', value: 'd' }) }],
    ['signal', { request, signal: 1 }],
    ['options', { request, template: 'User' }],
    ['options', undefined],
  ])('are refused for %s: %j', async (parameter, options) => {
    const submitting = submitCertificateRequest(options as never);
    const error = await expectError(submitting, 'ERR_INVALID_ARGUMENT');
    expect(error.parameter).toBe(parameter);
  });

  test.each([0, -1, 1.5, 2 ** 31, Number.NaN, '7', undefined])(
    'are refused for the number %s',
    async (requestId) => {
      const retrieving = retrieveCertificate({ requestId: requestId as number });
      const error = await expectError(retrieving, 'ERR_INVALID_ARGUMENT');
      expect(error.parameter).toBe('requestId');
    },
  );

  test('are checked everywhere; off Windows the way is another one', async () => {
    const error = await expectError(retrieveCertificate({ requestId: 7 }), 'ERR_NOT_SUPPORTED');
    expect(error.message).toContain('EST');
    const submitting = submitCertificateRequest({ request: read('pkcs10.der') });
    await expectError(submitting, 'ERR_NOT_SUPPORTED');
    const signal = AbortSignal.abort();
    await expectError(retrieveCertificate({ requestId: 7, signal }), 'ERR_ABORTED');
  });
});

describe('the certificates above one', () => {
  const CA = '-addext basicConstraints=critical,CA:TRUE';
  const KEY = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
  openssl(`req -x509 ${KEY} -keyout root.key -out root.pem -subj /CN=Root ${CA}`);
  const ROOT = '-CA root.pem -CAkey root.key';
  openssl(`req -x509 ${KEY} -keyout sub.key -out sub.pem -subj /CN=Sub ${ROOT} ${CA}`);
  // Another authority of that name: only the signature tells them apart.
  openssl(`req -x509 ${KEY} -keyout false.key -out false.pem -subj /CN=Sub ${CA}`);
  openssl('x509 -req -in pkcs10.pem -CA sub.pem -CAkey sub.key -set_serial 7 -out leaf.pem');
  const certificates =
    '-certfile root.pem -certfile leaf.pem -certfile false.pem -certfile sub.pem';
  openssl(`crl2pkcs7 -nocrl ${certificates} -certfile old.pem -outform DER -out bundle.p7b`);
  const x509 = (name: string) => new X509Certificate(read(name));
  const raw = (list: X509Certificate[]) => list.map((each) => each.raw.toString('base64'));

  test('are found in a PKCS #7 in any order, and nothing else', () => {
    const bundle = readCertificateBundle(read('bundle.p7b'));
    expect(bundle).toHaveLength(5);
    const chain = chainOf(x509('leaf.pem'), bundle);
    expect(raw(chain)).toEqual(raw([x509('sub.pem'), x509('root.pem')]));
    expect(raw(chainOf(x509('sub.pem'), bundle))).toEqual(raw([x509('root.pem')]));
    expect(chainOf(x509('root.pem'), bundle)).toEqual([]);
  });

  test('end where the next one is missing', () => {
    expect(raw(chainOf(x509('leaf.pem'), [x509('sub.pem')]))).toEqual(raw([x509('sub.pem')]));
    expect(chainOf(x509('leaf.pem'), [x509('root.pem'), x509('false.pem')])).toEqual([]);
  });
});
