import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { VirtualSmartCardError } from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import type { MemoryVault } from '../../support/memory-vault.js';
import { makeCard } from '../face/card-fixture.js';
import { openssl } from '../openssl.js';

const EXAMPLE = await readFile(new URL('../../../examples/request.inf', import.meta.url), 'utf8');

function inf(...lines: string[]): string {
  return ['[NewRequest]', 'Subject = "CN=Jo"', ...lines].join('\r\n');
}

/** What `openssl x509` or `openssl req` prints of it. */
async function printed(command: 'x509' | 'req', pem: string, ...options: string[]) {
  const { ok, output } = await openssl({ pem }, command, '-in', 'pem', '-noout', ...options);
  expect(ok, output).toBe(true);
  return output;
}

describe('a self-signed certificate', () => {
  test('of the example is what the INF asks for, as openssl sees it', async () => {
    const { card, withPin } = await makeCard();
    const certificate = await card.enroll(EXAMPLE, withPin);
    const text = await printed('x509', certificate.pem, '-text');
    expect(text).toContain('Subject: CN = Virtual smart card key');
    expect(text).toContain('Issuer: CN = Virtual smart card key');
    expect(text).toMatch(/X509v3 Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/X509v3 Subject Key Identifier:/);
    expect(text).toContain('Public-Key: (2048 bit)');
    expect(text).toContain('Signature Algorithm: sha256WithRSAEncryption');
    expect(text).toContain('Version: 3');
    const serial = (await printed('x509', certificate.pem, '-serial')).trim();
    expect(serial).toMatch(/^serial=[4-7][0-9A-F]{31}$/);

    const years = new Date(certificate.x509.validTo).getUTCFullYear();
    expect(years).toBe(new Date(certificate.x509.validFrom).getUTCFullYear() + 1);
  });

  test.each(['RSA', 'ECDSA_P256', 'ECDSA_P384'])(
    'of a %s key passes openssl verify, and fails it with one bit changed',
    async (algorithm) => {
      const { card, withPin } = await makeCard();
      const request = inf('RequestType = Cert', `KeyAlgorithm = ${algorithm}`, 'KeyUsage = 0x80');
      const { der, pem } = await card.enroll(request, withPin);
      const verify = ['verify', '-check_ss_sig', '-CAfile', 'pem', 'pem'];
      expect((await openssl({ pem }, ...verify)).output).toContain('pem: OK');

      der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
      const corrupted = new X509Certificate(der).toString();
      const verdict = await openssl({ pem: corrupted }, ...verify);
      expect(verdict.ok).toBe(false);
      expect(verdict.output).toContain('signature failure');
    },
  );

  test.each([
    ['RSA', 'sha1', 'sha1WithRSAEncryption'],
    ['RSA', 'sha384', 'sha384WithRSAEncryption'],
    ['RSA', 'sha512', 'sha512WithRSAEncryption'],
    ['ECDSA_P256', 'sha256', 'ecdsa-with-SHA256'],
    ['ECDSA_P256', 'sha512', 'ecdsa-with-SHA512'],
    ['ECDSA_P384', 'sha384', 'ecdsa-with-SHA384'],
  ])('of a %s key with %s', async (algorithm, hash, name) => {
    const { card, withPin } = await makeCard();
    const lines = ['RequestType=Cert', `KeyAlgorithm=${algorithm}`, `HashAlgorithm=${hash}`];
    const { pem, x509, key } = await card.enroll(inf(...lines), withPin);
    expect(await printed('x509', pem, '-text')).toContain(`Signature Algorithm: ${name}`);
    expect(x509.verify(key.publicKey)).toBe(true);
  });

  test('has the bounds and the usages that the INF names', async () => {
    const { card, withPin } = await makeCard();
    const { pem } = await card.enroll(
      inf(
        'RequestType = Cert',
        'KeyUsage = 0x8069',
        'KeyAlgorithm = ECDSA_P256',
        'NotBefore = 2049-12-31T23:59:59Z',
        'NotAfter = 2050-01-01T00:00:01Z',
      ),
      withPin,
    );
    const text = await printed('x509', pem, '-text');
    expect(text).toMatch(/Not Before: Dec 31 23:59:59 2049 GMT/);
    expect(text).toMatch(/Not After : Jan {2}1 00:00:01 2050 GMT/);
    expect(text).toContain(
      'Non Repudiation, Key Encipherment, Key Agreement, Encipher Only, Decipher Only',
    );
    const { pem: plain } = await card.enroll(inf('RequestType = Cert'), withPin);
    expect(await printed('x509', plain, '-text')).not.toContain('Key Usage');
  });

  test('has the subject of the INF in X.500 order, of the right string types', async () => {
    const { card, withPin } = await makeCard();
    const subject =
      'CN=Jörg \\"Jo\\" Müller\\, PhD\\\\ , E=jo@example.org ;OU=B+OU=A, O="Doe, Inc. + Söhne", L=\\20Ulm\\c3\\bc , S=BW, DC=example, C=de';
    const { pem } = await card.enroll(
      `[NewRequest]\nRequestType=Cert\nKeyAlgorithm=ECDSA_P256\nSubject="${subject.replaceAll('"', '""')}"`,
      withPin,
    );
    const options = ['-subject', '-nameopt', 'RFC2253,-esc_msb,utf8,-dump_der,show_type'];
    const printedSubject = (await printed('x509', pem, ...options)).trim();
    expect(printedSubject).toBe(
      [
        'subject=CN=UTF8STRING:Jörg \\"Jo\\" Müller\\, PhD\\\\',
        'emailAddress=IA5STRING:jo@example.org',
        // Sorted in the encoding (X.690, 11.6), and shown from its end.
        'OU=UTF8STRING:B+OU=UTF8STRING:A',
        'O=UTF8STRING:Doe\\, Inc. \\+ Söhne',
        'L=UTF8STRING:\\ Ulmü',
        'ST=UTF8STRING:BW',
        'DC=IA5STRING:example',
        'C=PRINTABLESTRING:de',
      ].join(','),
    );
  });

  test('is on the card, in the container that the INF names, with its key', async () => {
    const { manager, card, withPin } = await makeCard();
    const enrolled = await card.enroll(
      inf('RequestType = Cert', 'KeyContainer = Mine', 'KeySpec = AT_SIGNATURE'),
      withPin,
    );
    expect(enrolled.container).toBe('Mine');
    const other = await manager.card();
    const [found, ...others] = await other.certificates();
    expect(others).toEqual([]);
    expect(found?.der.equals(enrolled.der)).toBe(true);
    expect(found?.key).toMatchObject({ container: 'Mine', keySpec: 'signature' });
    const viaKey = await (await other.key('Mine')).certificate();
    expect(viaKey.pem).toBe(enrolled.pem);
    await expectError(
      card.enroll(inf('RequestType = Cert', 'KeyContainer = Mine'), withPin),
      'ERR_CONTAINER_EXISTS',
    );
    expect((await card.certificates()).length).toBe(1);
  });

  test('has another serial number each time', async () => {
    const { card, withPin } = await makeCard();
    const request = inf('RequestType = Cert', 'KeyAlgorithm = ECDSA_P256');
    const serials = new Set<string>();
    for (let count = 0; count < 5; count++) {
      serials.add((await card.enroll(request, withPin)).x509.serialNumber);
    }
    expect(serials.size).toBe(5);
  });
});

describe('a request for a CA', () => {
  test.each(['RSA', 'ECDSA_P256', 'ECDSA_P384'])(
    'of a %s key passes openssl req -verify, and its certificate is installed',
    async (algorithm) => {
      const { card, withPin } = await makeCard();
      const request = await card.createRequest(
        inf(`KeyAlgorithm = ${algorithm}`, 'KeyUsage = 0xa0'),
        withPin,
      );
      const text = await printed('req', request.pem, '-verify', '-text');
      expect(text).toContain('verify OK');
      expect(text).toContain('Subject: CN = Jo');
      expect(text).toMatch(/X509v3 Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
      expect(request.key.container).toBe(request.container);
      await expectError(request.key.certificate(), 'ERR_CERTIFICATE_NOT_FOUND');

      const pem = await issueCertificate(request.pem);
      const installed = await card.installCertificate(pem, withPin);
      expect(installed.container).toBe(request.container);
      const [found] = await card.certificates();
      expect(found?.x509.issuer).toBe('CN=Test CA');
      expect(found?.pem).toBe(installed.pem);
      const again = await card.installCertificate(installed.der, withPin);
      expect(again.pem).toBe(installed.pem);
      expect((await card.certificates()).length).toBe(1);
    },
  );

  test('with a changed bit fails openssl req -verify', async () => {
    const { card, withPin } = await makeCard();
    const { der } = await card.createRequest(inf('KeyAlgorithm = ECDSA_P256'), withPin);
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    const args = ['req', '-in', 'der', '-inform', 'DER', '-verify', '-noout'];
    expect((await openssl({ der }, ...args)).output).toContain('verify failure');
  });

  test('a certificate of another key is not installed', async () => {
    const { card, withPin } = await makeCard();
    const other = await makeCard();
    const { pem } = await other.card.enroll(inf('RequestType = Cert'), other.withPin);
    await card.createRequest(inf('KeyAlgorithm = ECDSA_P256'), withPin);
    await expectError(card.installCertificate(pem, withPin), 'ERR_CERTIFICATE_MISMATCH');
    expect(await card.certificates()).toEqual([]);
  });
});

describe('nothing is left on the card', () => {
  test('when the INF is wrong, of the other type, or names another reader', async () => {
    const { card, withPin } = await makeCard();
    const wrong = await expectError(card.enroll(inf('KeyLength = 5'), withPin), 'ERR_INF');
    expect(wrong.line).toBe(3);
    const pkcs10 = await expectError(card.enroll(inf(), withPin), 'ERR_INF');
    expect(pkcs10.message).toContain('createRequest');
    const cert = await expectError(card.createRequest(EXAMPLE, withPin), 'ERR_INF');
    expect(cert.message).toContain('enroll');
    const elsewhere = inf('ReaderName = "Reader of another"');
    const reader = await expectError(card.createRequest(elsewhere, withPin), 'ERR_INF');
    expect(reader.line).toBe(3);
    expect(reader.message).toContain('Reader of Test card');
    expect(await card.containers()).toEqual([]);

    await card.createRequest(inf('ReaderName = "Reader of Test card"'), withPin);
    await card.createRequest(inf(`ReaderName = "${card.instanceId}"`), withPin);
    expect(await card.containers()).toHaveLength(2);
  });

  test('when the PIN is wrong, and it costs one try', async () => {
    const { card, wrongPin } = await makeCard();
    const error = await expectError(card.enroll(EXAMPLE, { pin: wrongPin }), 'ERR_PIN_INCORRECT');
    expect(error.triesLeft).toBe(4);
    await expectError(card.enroll(EXAMPLE), 'ERR_PIN_REQUIRED');
    expect(await card.containers()).toEqual([]);
  });

  test('when it is aborted, however far it got', async () => {
    const { backend, card, withPin } = await makeCard();
    const request = inf('RequestType = Cert', 'KeyAlgorithm = ECDSA_P256');
    await card.enroll(request, withPin);
    const start = backend.apdus.length;
    await card.enroll(request, withPin);
    const steps = backend.apdus.length - start;
    expect(steps).toBeGreaterThan(20);

    let aborted = 0;
    for (let step = 1; step <= steps; step++) {
      const before = (await card.containers()).length;
      const controller = new AbortController();
      const enrolling = card.enroll(request, { ...withPin, signal: controller.signal });
      const settled = enrolling.then(
        () => 'enrolled',
        (error: { code?: string }) => error.code,
      );
      backend.afterApdus(step, () => controller.abort());
      const outcome = await settled;
      backend.afterApdus(0, undefined);
      const containers = await card.containers();
      const certificates = await card.certificates();
      if (outcome === 'ERR_ABORTED') {
        aborted += 1;
        expect(containers, `step ${step}`).toHaveLength(before);
      } else {
        expect(outcome, `step ${step}`).toBe('enrolled');
        expect(containers).toHaveLength(before + 1);
        for (const name of containers.slice(before).map((each) => each.name)) {
          await card.deleteKey(name, withPin);
        }
      }
      expect(certificates.length).toBe(containers.length);
    }
    expect(aborted).toBeGreaterThan(steps / 2);
  });

  test('when the certificate cannot be stored', async () => {
    const { backend, card, withPin } = await makeCard();
    const failures = failToStoreCertificates(backend.vault(card.instanceId), { once: true });
    await expectError(card.enroll(EXAMPLE, withPin), 'ERR_STATE_IO');
    expect(failures()).toBe(1);
    expect(await card.containers()).toEqual([]);
  });

  test('nor does anybody find the key that cannot be deleted: the next one takes its place', async () => {
    const { backend, card, withPin } = await makeCard();
    const vault = backend.vault(card.instanceId);
    const working = vault.store.bind(vault);
    const failures = failToStoreCertificates(vault, { once: false });
    const request = inf('RequestType = Cert', 'KeyContainer = Stuck');
    const error = await expectError(card.enroll(request, withPin), 'ERR_STATE_IO');
    expect(failures()).toBeGreaterThan(1);
    expect(error.message).toBe('The disk is full.');
    expect(await card.containers()).toEqual([]);
    expect(vault.state.keys.size).toBe(1);
    vault.store = working;
    const certificate = await card.enroll(request, withPin);
    expect(certificate.container).toBe('Stuck');
    expect(vault.state.keys.size).toBe(1);
  });
});

/** Lets a vault fail from the first certificate on: that one only, or everything after it. */
function failToStoreCertificates(vault: MemoryVault, { once }: { once: boolean }): () => number {
  const store = vault.store.bind(vault);
  let failures = 0;
  vault.store = async (state) => {
    // A certificate is longer than anything else on a card with one container.
    const certificate = [...state.files.values()].some(({ objects }) =>
      [...objects.values()].some((value) => value.length > 300),
    );
    if (!certificate && (once || failures === 0)) return store(state);
    failures += 1;
    throw new VirtualSmartCardError('ERR_STATE_IO', 'The disk is full.');
  };
  return () => failures;
}

/** A certificate for the request's key, issued by a CA of the openssl program. */
async function issueCertificate(csr: string): Promise<string> {
  const { privateKey, certificate } = CA;
  const files = { csr, 'ca.key': privateKey, 'ca.pem': certificate };
  const args = ['x509', '-req', '-in', 'csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '2'];
  const { ok, output } = await openssl(files, ...args, '-set_serial', '4711');
  expect(ok, output).toBe(true);
  return output.slice(output.indexOf('-----BEGIN CERTIFICATE-----'));
}

const CA = await makeCa();

async function makeCa() {
  const generated = await openssl(
    {},
    'genpkey',
    '-algorithm',
    'EC',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
  );
  const privateKey = generated.output.slice(generated.output.indexOf('-----BEGIN'));
  const args = ['req', '-x509', '-new', '-key', 'ca.key', '-subj', '/CN=Test CA', '-days', '2'];
  const { output } = await openssl({ 'ca.key': privateKey }, ...args);
  return { privateKey, certificate: output.slice(output.indexOf('-----BEGIN')) };
}
