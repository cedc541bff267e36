import { createHash, webcrypto } from 'node:crypto';
import { x509 } from '../../lib/enroll/x509.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';

/** A CA of one level within this process, for where no openssl program is. */
export class TestCa {
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #name = 'CN=Test CA';
  /** PEM of its own certificate. */
  readonly pem: string;

  private constructor(keys: webcrypto.CryptoKeyPair, pem: string) {
    this.#keys = keys;
    this.pem = pem;
  }

  static async make(): Promise<TestCa> {
    const { X509CertificateGenerator, BasicConstraintsExtension } = x509();
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await X509CertificateGenerator.createSelfSigned(
      {
        name: 'CN=Test CA',
        keys,
        signingAlgorithm: ALGORITHM,
        extensions: [new BasicConstraintsExtension(true, 0, true)],
      },
      webcrypto,
    );
    return new TestCa(keys, `${certificate.toString('pem')}\n`);
  }

  /** PEM of a certificate with the extensions that a request, PEM, asks for; its signature is checked. */
  async sign(request: string): Promise<string> {
    const { Pkcs10CertificateRequest, X509CertificateGenerator } = x509();
    const asked = new Pkcs10CertificateRequest(request);
    if (!(await asked.verify(webcrypto))) throw new Error('the signature of the request is wrong');
    const certificate = await X509CertificateGenerator.create(
      {
        serialNumber: createHash('sha256')
          .update(asked.rawData.toString())
          .digest('hex')
          .slice(0, 16),
        subject: asked.subjectName,
        issuer: this.#name,
        publicKey: asked.publicKey,
        signingKey: this.#keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: asked.getAttribute(EXTENSION_REQUEST) ? asked.extensions : [],
      },
      webcrypto,
    );
    return `${certificate.toString('pem')}\n`;
  }
}
