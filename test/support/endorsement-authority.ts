import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { Swtpm } from './swtpm.js';

const run = promisify(execFile);

/** Where a maker puts the certificates of RSA and ECC endorsement keys, and those above them. */
const INDEXES = { rsa: '0x01c00002', ecc: '0x01c0000a', chain: '0x01c00100' };
const READABLE = 'ownerread|ownerwrite|authread|no_da';
const EK_CERTIFICATE = 'extendedKeyUsage=2.23.133.8.1';

/** A TPM maker as OpenSSL plays it: a root, an authority below it, and certificates for TPMs. */
export class EndorsementAuthority {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<EndorsementAuthority> {
    const directory = await mkdtemp(join(tmpdir(), 'maker-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const authority = new EndorsementAuthority(directory);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    await authority.openssl(
      ...['req', '-x509', ...key, '-keyout', 'root.key', '-out', 'root.pem'],
      ...['-subj', '/CN=Maker Root', '-addext', 'basicConstraints=critical,CA:TRUE'],
    );
    await authority.openssl(
      ...['req', '-new', ...key, '-keyout', 'issuer.key', '-out', 'issuer.csr'],
      ...['-subj', '/CN=Maker Issuer'],
    );
    await authority.#sign('issuer', 'root', 'basicConstraints=critical,CA:TRUE');
    return authority;
  }

  async openssl(...words: string[]): Promise<string> {
    const { stdout } = await run('openssl', words, { cwd: this.directory });
    return stdout;
  }

  /** The root's certificate, PEM. */
  root(): Promise<string> {
    return readFile(join(this.directory, 'root.pem'), 'utf8');
  }

  /**
   * Gives a swtpm a certificate for its endorsement key, as its maker does.
   *
   * @param options - `extensions`: of the certificate; `withChain`: the authority's goes in, too
   */
  async provision(
    swtpm: Swtpm,
    type: 'rsa' | 'ecc',
    options: { extensions?: string; withChain?: boolean; days?: string } = {},
  ): Promise<void> {
    const { extensions = EK_CERTIFICATE, withChain = true, days } = options;
    await swtpm.tool('tpm2_startup', '-c');
    await swtpm.tool('tpm2_createek', '-G', type, '-c', 'ek.ctx', '-u', 'ek.pem', '-f', 'pem');
    await swtpm.tool('tpm2_flushcontext', '-t');
    await writeFile(join(this.directory, 'ek.pub'), await swtpm.file('ek.pem'));
    const dummy = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    await this.openssl(
      ...['req', '-new', ...dummy, '-keyout', 'dummy.key', '-out', 'ek.csr', '-subj', '/CN=TPM'],
    );
    await this.#sign('ek', 'issuer', extensions, ['-force_pubkey', 'ek.pub'], days);
    await this.#write(swtpm, INDEXES[type], 'ek');
    if (withChain) await this.#write(swtpm, INDEXES.chain, 'issuer');
  }

  /** Issues NAME.pem for NAME.csr. */
  async #sign(
    name: string,
    issuer: string,
    extensions: string,
    more: string[] = [],
    days = '30',
  ): Promise<void> {
    await writeFile(join(this.directory, 'extensions'), `${extensions}\n`);
    await this.openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, '-days', days],
      ...['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial'],
      ...['-extfile', 'extensions', ...more],
    );
  }

  /** As makers do, in an index that is larger than the certificate. */
  async #write(swtpm: Swtpm, index: string, name: string): Promise<void> {
    const der = join(swtpm.directory, `${name}.der`);
    await this.openssl('x509', '-in', `${name}.pem`, '-outform', 'der', '-out', der);
    const padded = Buffer.concat([await readFile(der), Buffer.alloc(64, 0xff)]);
    await writeFile(der, padded);
    const define = ['-C', 'o', '-s', String(padded.length), '-a', READABLE];
    await swtpm.tool('tpm2_nvdefine', index, ...define);
    await swtpm.tool('tpm2_nvwrite', index, '-C', 'o', '-i', der);
  }
}
