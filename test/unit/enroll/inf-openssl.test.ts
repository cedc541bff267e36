import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { encodeGeneralNames } from '../../../lib/enroll/general-name-der.js';
import { x509 } from '../../../lib/enroll/x509.js';
import { type ExtensionSpec, parseInf } from '../../../lib/index.js';
import { openssl } from '../openssl.js';

/** What openssl prints of a certificate that has these extensions. */
async function printed(extensions: readonly ExtensionSpec[]): Promise<string> {
  const { Extension, X509CertificateGenerator } = x509();
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=Extensions',
      keys,
      signingAlgorithm,
      extensions: extensions.map(
        ({ oid, critical, value }) => new Extension(oid, critical, Uint8Array.from(value)),
      ),
    },
    webcrypto,
  );
  const pem = certificate.toString('pem');
  const { ok, output } = await openssl({ pem }, 'x509', '-in', 'pem', '-noout', '-text');
  expect(ok, output).toBe(true);
  return output.replaceAll(/[ \t]+/g, ' ');
}

function corpus(name: string) {
  return parseInf(readFileSync(new URL(`inf-files/${name}.inf`, import.meta.url)));
}

test('policies and the places of lists and certificates are what openssl reads', async () => {
  const text = await printed(corpus('issuing-ca').extensions);
  for (const line of [
    'Policy: 1.3.6.1.4.1.99999.1.1',
    'CPS: http://pki.example.org/cps.html',
    'User Notice:\n Explicit Text: The certification practice statement of Example applies.',
    'Policy: 1.3.6.1.4.1.99999.1.2',
    'CPS: http://pki.example.org/limited%20use.html',
    'CPS: ftp://ftp.example.org/limited.txt',
    'CA Issuers - URI:http://pki.example.org/root.crt',
    'Full Name:\n URI:http://pki.example.org/root.crl\n URI:ldap:///CN=Example Root,CN=pki',
  ]) {
    expect(text).toContain(line);
  }
});

test('constraints and mappings are what openssl reads', async () => {
  const { extensions } = corpus('cross-certification');
  const text = await printed(extensions);
  for (const line of [
    'X509v3 Name Constraints: critical\n Permitted:',
    'DirName:DC = example, DC = contoso',
    'email:@contoso.example',
    'email:.contoso.example',
    'othername:UPN:@contoso.example',
    'URI:.contoso.example',
    'DNS:.contoso.example',
    'IP:10.0.0.0/255.0.0.0',
    'IP:2001:DB8:0:0:0:0:0:0/FFFF:FFFF:0:0:0:0:0:0',
    'Excluded:\n DNS:secret.contoso.example\n Registered ID:1.2.3',
    'X509v3 Policy Mappings: critical\n 1.3.6.1.4.1.311.21.53:1.2.3.4.87',
    '1.3.6.1.4.1.311.21.54:1.2.3.4.89',
    'Require Explicit Policy:3, Inhibit Policy Mapping:5',
  ]) {
    expect(text).toContain(line);
  }
});

test("Microsoft's extensions without a printer in openssl are well-formed", async () => {
  const { extensions } = corpus('cross-certification');
  const parsed = async (oid: string) => {
    const value = extensions.find((each) => each.oid === oid)?.value ?? Buffer.alloc(0);
    const { ok, output } = await openssl(
      { der: value },
      'asn1parse',
      '-inform',
      'DER',
      '-in',
      'der',
    );
    expect(ok, output).toBe(true);
    return output;
  };
  const crossCertificates = await parsed('1.3.6.1.4.1.311.10.9.1');
  expect(crossCertificates).toMatch(/INTEGER\s+:0258\n/);
  expect(crossCertificates.match(/cont \[ 6 \]/g)).toHaveLength(2);
  expect(await parsed('1.3.6.1.4.1.311.21.10')).toMatch(
    /OBJECT\s+:E-mail Protection\n[\s\S]*OBJECT\s+:TLS Web Client Authentication\n/,
  );
  expect(await parsed('1.3.6.1.4.1.311.21.11')).toMatch(
    /OBJECT\s+:TLS Web Server Authentication\n[\s\S]*OBJECT\s+:1\.2\.3\.4\.99\n/,
  );
  expect(await parsed('1.3.6.1.4.1.311.21.12')).toMatch(/cont \[ 1 \]/);
});

test('every kind of alternative name is what openssl reads', async () => {
  const { subjectAlternativeNames } = corpus('every-alternative-name');
  const value = encodeGeneralNames(subjectAlternativeNames);
  const text = await printed([{ oid: '2.5.29.17', critical: false, value }]);
  for (const name of [
    'othername: UPN::user@domain.example',
    'email:user@domain.example',
    'DNS:host.domain.example',
    'DirName:/DC=example/DC=Domain/CN=Name',
    'URI:http://host.domain.example/default.html',
    'IP Address:10.0.0.1',
    'Registered ID:1.2.3.4.5',
    'othername: 1.3.6.1.4.1.311.25.1::<unsupported>',
    'othername: 1.2.3.4.6.1::String',
  ]) {
    expect(text).toContain(name);
  }
});
