import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './cli.js';
import { temporaryDirectory } from './store.js';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A CA of the openssl program's in a directory of its own, removed when the test ends. */
export class EstCa {
  /** The CA's certificate, as PEM. */
  readonly pem: string;
  readonly #folder: string;
  #files = 0;

  private constructor(folder: string, pem: string) {
    this.#folder = folder;
    this.pem = pem;
  }

  static async make(name = 'Test EST CA'): Promise<EstCa> {
    const folder = await temporaryDirectory();
    const out = ['-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30'];
    await openssl(folder, 'req', '-x509', ...NEW_KEY, '-subj', `/CN=${name}`, ...out);
    return new EstCa(folder, await readFile(join(folder, 'ca.pem'), 'utf8'));
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** A key and its certificate by this CA, as PEM. */
  async pair(subject: string, ...extensions: string[]) {
    const added = extensions.flatMap((text) => ['-addext', text]);
    const name = this.#fileName();
    const out = ['-keyout', `${name}.key`, '-out', `${name}.req`];
    await openssl(this.#folder, 'req', ...NEW_KEY, '-subj', subject, ...added, ...out);
    const certificate = await this.sign(await readFile(this.path(`${name}.req`)));
    return { certificate, privateKey: await readFile(this.path(`${name}.key`), 'utf8') };
  }

  /** A pair as PKCS #12 and its key as PEM, both encrypted by OpenSSL. */
  async protect(pair: { certificate: string; privateKey: string }, passphrase: string) {
    const [from, to] = [this.#fileName(), this.#fileName()];
    await writeFile(this.path(from), pair.certificate + pair.privateKey);
    const by = `pass:${passphrase}`;
    const pkcs12 = ['pkcs12', '-export', '-in', from, '-out', to, '-passout', by];
    await openssl(this.#folder, ...pkcs12);
    const pkcs8 = ['pkcs8', '-topk8', '-in', from, '-passout', by];
    return { pfx: await readFile(this.path(to)), encrypted: await openssl(this.#folder, ...pkcs8) };
  }

  /** The certificate for a request, as PEM, if the request's own signature is right. */
  async sign(request: Uint8Array): Promise<string> {
    const name = this.#fileName();
    const [from, to] = [`${name}.in`, `${name}.pem`];
    await writeFile(this.path(from), request);
    const form = request[0] === 0x30 ? 'DER' : 'PEM';
    await openssl(this.#folder, 'req', '-verify', '-noout', '-in', from, '-inform', form);
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30'];
    const copied = ['-copy_extensions', 'copyall', '-out', to];
    await openssl(this.#folder, 'x509', '-req', '-in', from, '-inform', form, ...by, ...copied);
    return readFile(this.path(to), 'utf8');
  }

  /** The certificate for a request's key, as PEM, with another subject and an extension. */
  async signWith(request: Uint8Array, subject: string, extension: string): Promise<string> {
    const name = this.#fileName();
    await writeFile(this.path(`${name}.in`), request);
    await writeFile(this.path(`${name}.ext`), `${extension}\n`);
    const from = ['-in', `${name}.in`, '-inform', 'DER', '-extfile', `${name}.ext`];
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30'];
    return openssl(this.#folder, 'x509', '-req', ...from, ...by, '-subj', subject);
  }

  /** Certs-only PKCS #7 of a PEM text with certificates, as base64 in lines. */
  async certsOnly(pem: string): Promise<string> {
    const name = this.#fileName();
    const files = ['-certfile', `${name}.pem`, '-out', `${name}.p7`];
    await writeFile(this.path(`${name}.pem`), pem);
    await openssl(this.#folder, 'crl2pkcs7', '-nocrl', '-outform', 'DER', ...files);
    const lines = (await readFile(this.path(`${name}.p7`))).toString('base64').match(/.{1,64}/g);
    return `${lines?.join('\n')}\n`;
  }

  #fileName(): string {
    this.#files += 1;
    return `file-${this.#files}`;
  }
}

/** @returns what it wrote to standard output */
async function openssl(cwd: string, ...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await runProgram(['openssl', ...words], { cwd });
  if (exitCode !== 0) throw new Error(`openssl ${words.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}
