import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './cli.js';

/** What a CA signs with. */
export type CaKey = 'RSA' | 'EC';

const KEYS: Record<CaKey, string[]> = {
  RSA: ['-newkey', 'rsa:2048'],
  EC: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
};

/**
 * A CA of two levels made by the openssl program: a root that is trusted, and below it the CA that
 * signs what is asked of it, with the extensions of the request.
 */
export class OpensslCa {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** @param directory - an empty one, which is the CA's */
  static async make(directory: string, key: CaKey = 'RSA'): Promise<OpensslCa> {
    const ca = new OpensslCa(directory);
    const newKey = ['req', '-nodes', '-sha256', ...KEYS[key]];
    const root = ['-subj', '/O=Example/CN=Example Root', '-keyout', 'root.key', '-out', 'root.pem'];
    const usage = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
    await ca.openssl(...newKey, '-x509', '-days', '3650', ...usage, ...root);
    const issuing = ['-subj', '/O=Example/CN=Example Issuing', '-keyout', 'ca.key'];
    await ca.openssl(...newKey, '-new', ...issuing, '-out', 'ca.csr');
    const extensions =
      'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n';
    await ca.write('ca.ext', `${extensions}subjectKeyIdentifier=hash\n`);
    const signed = ['-CA', 'root.pem', '-CAkey', 'root.key', '-extfile', 'ca.ext', '-days', '999'];
    await ca.openssl('x509', '-req', '-in', 'ca.csr', ...signed, '-out', 'ca.pem');
    await ca.write('leaf.ext', 'authorityKeyIdentifier=keyid\n');
    return ca;
  }

  /** PEM of the certificate that the CA gives for a request, PEM; the request's signature is checked. */
  async sign(request: string, days = 30): Promise<string> {
    await this.write('request.pem', request);
    const copy = ['-copy_extensions', 'copy', '-extfile', 'leaf.ext'];
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', String(days)];
    await this.openssl('x509', '-req', '-in', 'request.pem', ...by, ...copy, '-out', 'leaf.pem');
    return this.read('leaf.pem');
  }

  /** The same as a PKCS #7 with the CA's certificates, PEM or DER. */
  async signAsBundle(request: string, form: 'PEM' | 'DER'): Promise<Buffer> {
    await this.write('all.pem', `${await this.sign(request)}${await this.read('ca.pem')}`);
    const files = ['-certfile', 'root.pem', '-certfile', 'all.pem'];
    await this.openssl('crl2pkcs7', '-nocrl', ...files, '-outform', form, '-out', 'all.p7b');
    return readFile(join(this.directory, 'all.p7b'));
  }

  /** What `openssl verify` says of a certificate with the root trusted and others beside it. */
  async verify(certificate: string, others: readonly string[], ...options: string[]) {
    await this.write('checked.pem', certificate);
    await this.write('others.pem', others.join(''));
    const chain = [
      '-CAfile',
      'root.pem',
      ...(others.length > 0 ? ['-untrusted', 'others.pem'] : []),
    ];
    const words = ['openssl', 'verify', '-x509_strict', ...chain, ...options, 'checked.pem'];
    const { exitCode, stdout, stderr } = await runProgram(words, { cwd: this.directory });
    return exitCode === 0 ? stdout.trim() : `${stdout}${stderr}`;
  }

  /** What openssl writes to its output; it must end well. */
  async openssl(...words: string[]): Promise<string> {
    const run = await runProgram(['openssl', ...words], { cwd: this.directory });
    if (run.exitCode !== 0) throw new Error(`openssl ${words.join(' ')}:\n${run.stderr}`);
    return run.stdout;
  }

  read(name: string): Promise<string> {
    return readFile(join(this.directory, name), 'utf8');
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await writeFile(join(this.directory, name), content);
  }
}
