import { randomBytes, X509Certificate } from 'node:crypto';
import { Readable } from 'node:stream';
import * as pkijs from 'pkijs';
import { describe, expect, it } from 'vitest';
import { decodeTlvs, encodeTlv } from '../../lib/gids/tlv.js';
import {
  type CmsOptions,
  signCms,
  signSmime,
  type VirtualSmartCardCertificate,
} from '../../lib/index.js';
import { makeCard } from '../unit/face/card-fixture.js';
import { openssl } from '../unit/openssl.js';

const KEYS = { RSA: 'RSA', P256: 'ECDSA_P256', P384: 'ECDSA_P384' };

const WAYS: [keyof typeof KEYS, CmsOptions, RegExp[]][] = [
  ['RSA', {}, [/digestAlgorithm: *\n *algorithm: sha256/, /algorithm: rsaEncryption/]],
  ['RSA', { hash: 'SHA512' }, [/digestAlgorithm: *\n *algorithm: sha512/]],
  ['RSA', { padding: 'pss' }, [/algorithm: rsassaPss/, /sha256/]],
  ['RSA', { padding: 'pss', hash: 'SHA384' }, [/algorithm: rsassaPss/, /sha384/]],
  ['P256', {}, [/algorithm: ecdsa-with-SHA256/]],
  ['P384', {}, [/algorithm: ecdsa-with-SHA384/, /digestAlgorithm: *\n *algorithm: sha384/]],
  ['P384', { hash: 'SHA256' }, [/algorithm: ecdsa-with-SHA256/]],
];

/** A self-signed certificate on a card. */
async function makeSigner(algorithm: keyof typeof KEYS = 'P256') {
  const { card, withPin } = await makeCard();
  const key = algorithm === 'RSA' ? '' : `KeyAlgorithm = ${KEYS[algorithm]}\n`;
  const inf = `[NewRequest]\nSubject = "CN=Alice, O=Ours"\n${key}RequestType = Cert\n`;
  return { card, withPin, certificate: await card.enroll(inf, withPin) };
}

const VERIFY = ['cms', '-verify', '-binary', '-purpose', 'any', '-CAfile', 'ca.pem'];
const MESSAGE = ['-inform', 'DER', '-in', 'm.der'];

/** What openssl makes of a message; `root` is what it trusts. */
async function verify(root: string, message: Uint8Array, content?: Uint8Array) {
  const files = { 'ca.pem': root, 'm.der': message, ...(content && { content }) };
  const detached = content ? ['-content', 'content'] : [];
  return openssl(files, ...VERIFY, ...MESSAGE, ...detached, '-out', 'out');
}

describe.each(WAYS)('%s %o', (algorithm, options, shown) => {
  it('is verified by openssl and by pkijs, and a tampered content is not', async () => {
    const { certificate, withPin } = await makeSigner(algorithm);
    const content = randomBytes(5000);
    const { der } = await signCms(certificate, content, { ...options, ...withPin });
    const verdict = await verify(certificate.pem, der, content);
    expect(verdict.output).toMatch(/Verification successful/);
    const print = ['cms', '-cmsout', '-print', '-noout', ...MESSAGE];
    const { output } = await openssl({ 'm.der': der }, ...print);
    for (const each of shown) expect(output).toMatch(each);
    expect(output).toMatch(/object: contentType[\s\S]*object: signingTime/);
    expect(output).toMatch(/eContent: *\n? *<ABSENT>/);
    expect(await verifiedByPkijs(der, content)).toBe(true);

    const tampered = Buffer.from(content);
    tampered[4000] = (tampered[4000] ?? 0) ^ 1;
    const refusal = await verify(certificate.pem, der, tampered);
    expect(refusal).toMatchObject({ ok: false, output: expect.stringMatching(/digest|verif/i) });
    await expect(verifiedByPkijs(der, tampered)).rejects.toThrow(/digest/);
  });

  it('holds the content if it is to', async () => {
    const { certificate, withPin } = await makeSigner(algorithm);
    const content = randomBytes(70_000);
    const signed = { ...options, ...withPin, detached: false };
    const { der } = await signCms(certificate.key, Readable.from(pieces(content)), signed);
    expect(der.includes(content)).toBe(true);
    expect((await verify(certificate.pem, der)).output).toMatch(/Verification successful/);
    const wrong = Buffer.from(der);
    const place = der.indexOf(content) + 9;
    wrong[place] = (wrong[place] ?? 0) ^ 1;
    expect((await verify(certificate.pem, wrong)).ok).toBe(false);
  });
});

it('names its certificate, so that openssl verifies it as CAdES too', async () => {
  const { certificate, withPin } = await makeSigner();
  const content = Buffer.from('text');
  const { der, pem } = await signCms(certificate, 'text', withPin);
  const files = { 'ca.pem': certificate.pem, 'm.pem': pem, content };
  const command = [...VERIFY, '-cades', '-inform', 'PEM', '-in', 'm.pem', '-content', 'content'];
  const { output } = await openssl(files, ...command, '-out', 'out');
  expect(output).toMatch(/CAdES Verification successful/i);
  expect(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')).toEqual(der);
});

it('brings the chain of the CA that issued the certificate', async () => {
  const { card, withPin } = await makeCard();
  const request = await card.createRequest('[NewRequest]\nSubject = "CN=Bob"\n', withPin);
  const ca = await makeAuthorities(request.pem);
  const certificate = await card.installCertificate(ca.issued, withPin);
  const content = randomBytes(100);
  const sign = (certificates: string[]) =>
    signCms(certificate, content, { certificates, ...withPin });
  const alone = await sign([]);
  expect((await verify(ca.root, alone.der, content)).output).toMatch(/unable to get local issuer/);
  const { der } = await sign([ca.intermediate, ca.intermediate, ca.root]);
  expect((await verify(ca.root, der, content)).output).toMatch(/Verification successful/);
  expect(certificatesIn(der)).toHaveLength(3);
});

it('puts a certificate into the message byte by byte, however it is encoded', async () => {
  const { certificate, withPin } = await makeSigner();
  const odd = withExplicitDefaults(certificate);
  expect(odd).not.toEqual(certificate.der);
  const certificates = [new X509Certificate(odd)];
  const { der } = await signCms(certificate, 'text', { certificates, ...withPin });
  expect([der.includes(odd), der.includes(certificate.der)]).toEqual([true, true]);
});

it('says when it was signed, or not', async () => {
  const { certificate, withPin } = await makeSigner();
  const shownTime = async (signingTime: Date | false) => {
    const { der } = await signCms(certificate, 'x', { signingTime, ...withPin });
    const print = ['cms', '-cmsout', '-print', '-noout', ...MESSAGE];
    const { output } = await openssl({ 'm.der': der }, ...print);
    expect((await verify(certificate.pem, der, Buffer.from('x'))).ok).toBe(true);
    return /object: signingTime.*\n *set:\n *([^\n]*)/.exec(output)?.[1];
  };
  expect(await shownTime(false)).toBeUndefined();
  expect(await shownTime(new Date('2031-02-03T04:05:06.789Z'))).toBe(
    'UTCTIME:Feb  3 04:05:06 2031 GMT',
  );
  expect(await shownTime(new Date('2050-01-01T00:00:00Z'))).toMatch(/GENERALIZEDTIME:Jan .*2050/);
  expect(await shownTime(new Date('1949-12-31T00:00:00Z'))).toMatch(/GENERALIZEDTIME:Dec .*1949/);
});

it.each(WAYS.slice(1, 6))('%s %o makes mail that openssl verifies', async (algorithm, options) => {
  const { certificate, withPin } = await makeSigner(algorithm);
  const entity = 'Content-Type: text/plain; charset=utf-8\n\nGrüße\r\nfrom\ra card';
  const mail = await signSmime(certificate, entity, { ...options, ...withPin });
  const text = mail.toString();
  const { hash = algorithm === 'P384' ? 'SHA384' : 'SHA256' } = options;
  expect(text).toContain(`micalg=${hash.toLowerCase().replace('sha', 'sha-')};`);
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  const verifyMail = (message: string) =>
    openssl(
      { mail: message, 'ca.pem': certificate.pem },
      ...['cms', '-verify', '-in', 'mail', '-purpose', 'any', '-CAfile', 'ca.pem'],
    );
  const { ok, output } = await verifyMail(text);
  expect([ok, output]).toEqual([true, expect.stringContaining('\r\nGrüße\r\nfrom\r\na card')]);
  expect((await verifyMail(text.replace('from', 'form'))).ok).toBe(false);
});

/** Bytes in pieces of several sizes. */
function* pieces(bytes: Buffer) {
  for (let at = 0, size = 1; at < bytes.length; at += size, size *= 3) {
    yield bytes.subarray(at, Math.min(at + size, bytes.length));
    if (size > 20_000) size = 1;
  }
}

function signedDataOf(der: Uint8Array): pkijs.SignedData {
  const { content } = pkijs.ContentInfo.fromBER(new Uint8Array(der).buffer);
  return new pkijs.SignedData({ schema: content });
}

function certificatesIn(der: Uint8Array) {
  return signedDataOf(der).certificates ?? [];
}

function verifiedByPkijs(der: Uint8Array, content: Uint8Array): Promise<boolean> {
  const data = new Uint8Array(content).buffer;
  return signedDataOf(der).verify({ signer: 0, data, checkChain: false });
}

/** A root, a CA below it, and the certificate that this issues for a request; PEM. */
async function makeAuthorities(request: string) {
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-out', '-'];
  const root = await opensslPem({}, 'req', '-x509', ...made, '-keyout', '-', '-subj', '/CN=Root');
  const between = await opensslPem({}, 'req', ...made, '-keyout', '-', '-subj', '/CN=Between');
  const issue = (files: Record<string, string>, ...args: string[]) =>
    opensslPem(files, 'x509', '-req', '-in', 'req', '-CA', 'ca', '-CAkey', 'ca', ...args);
  const extensions = { ext: 'basicConstraints=critical,CA:TRUE\n' };
  const intermediate = await issue(
    { req: between, ca: root, ...extensions },
    ...['-set_serial', '2', '-extfile', 'ext'],
  );
  const ca = intermediate + between;
  const issued = await issue({ req: request, ca }, '-set_serial', '3');
  return { root: certificateOf(root), intermediate: certificateOf(intermediate), issued };
}

async function opensslPem(files: Record<string, string>, ...args: string[]): Promise<string> {
  const { ok, output } = await openssl(files, ...args);
  expect(ok, output).toBe(true);
  return output;
}

function certificateOf(pem: string): string {
  return /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n/.exec(pem)?.[0] ?? '';
}

/** The certificate with each extension's `critical FALSE` written out, which DER would leave out. */
function withExplicitDefaults({ der }: VirtualSmartCardCertificate): Buffer {
  const SEQUENCE = 0x30;
  const [certificate] = decodeTlvs(der).map(({ value }) => decodeTlvs(value));
  const [tbs, ...rest] = certificate ?? [];
  const fields = decodeTlvs(tbs?.value ?? der);
  const last = fields.pop();
  const extensions = decodeTlvs(decodeTlvs(last?.value ?? der)[0]?.value ?? der);
  const written = extensions.map(({ value }) => {
    const [id, ...others] = decodeTlvs(value);
    const critical = others.length === 1 ? [Uint8Array.of(1, 1, 0)] : [];
    const parts = others.map((part) => encodeTlv(part.tag, part.value));
    return encodeTlv(SEQUENCE, encodeTlv(id?.tag ?? 0, id?.value ?? der), ...critical, ...parts);
  });
  const encoded = fields.map(({ tag, value }) => encodeTlv(tag, value));
  const body = encodeTlv(SEQUENCE, ...encoded, encodeTlv(0xa3, encodeTlv(SEQUENCE, ...written)));
  return encodeTlv(SEQUENCE, body, ...rest.map(({ tag, value }) => encodeTlv(tag, value)));
}
