import { X509Certificate } from 'node:crypto';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import { publicKeyObject } from '../public-key.js';
import { attempt, tidy } from './attempt.js';
import type { CardFiles } from './card-files.js';
import type { PublicKey } from './card-state.js';
import {
  certificateFileName,
  decodeCertificateFile,
  encodeCertificateFile,
} from './certificate-file.js';
import type { Container } from './container-directory.js';
import { findFile, type MasterfileRecord, MSCP } from './masterfile.js';

const EMPTY = new Uint8Array(0);

/** The file of mscp that Windows reads the roots of an organisation from. */
const ISSUERS = 'msroots';

/**
 * The certificates on a card: files kxcNN and kscNN of directory mscp, NN being the container, and
 * those of CAs in msroots beside them. Deleting takes the masterfile's record away first and empties
 * the object then, as {@link CardFiles.storeFile} has it.
 */
export class CertificateStore {
  readonly #files: CardFiles;

  constructor(files: CardFiles) {
    this.#files = files;
  }

  /** The container's certificate, DER; undefined when there is none. */
  async read(container: Container): Promise<Buffer | undefined> {
    const record = findRecord(await this.#files.readMasterfile(), container);
    const file = record && (await this.#files.readFile(record));
    return file && decodeCertificateFile(file);
  }

  /** Indices of the containers that have a certificate. */
  async holders(containers: readonly Container[]): Promise<Set<number>> {
    const records = await this.#files.readMasterfile();
    const holders = new Set<number>();
    for (const container of containers) {
      const record = findRecord(records, container);
      if (record && (await this.#files.readFile(record))) holders.add(container.index);
    }
    return holders;
  }

  /**
   * @param certificate - one that {@link checkCertificate} found good
   */
  async store(
    { index, keySpec }: Pick<Container, 'index' | 'keySpec'>,
    certificate: Uint8Array,
  ): Promise<void> {
    const name = certificateFileName(index, keySpec);
    await this.#files.storeFile(name, encodeCertificateFile(certificate));
  }

  /** mscp\msroots: certificates of CAs, PKCS #7; undefined when there is none. */
  async readIssuers(): Promise<Buffer | undefined> {
    const record = findFile(await this.#files.readMasterfile(), MSCP, ISSUERS);
    return record && this.#files.readFile(record);
  }

  async storeIssuers(bundle: Uint8Array): Promise<void> {
    await this.#files.storeFile(ISSUERS, bundle);
  }

  /**
   * @throws VirtualSmartCardError `ERR_CERTIFICATE_NOT_FOUND`
   */
  async delete(container: Container): Promise<void> {
    const records = await this.#files.readMasterfile();
    const record = findRecord(records, container);
    if (!record || !(await this.#files.readFile(record))) {
      const message = `Container "${container.name}" holds no certificate.`;
      throw new VirtualSmartCardError('ERR_CERTIFICATE_NOT_FOUND', message);
    }
    await attempt(async (undo) => {
      undo(() => this.#files.writeMasterfile(records));
      await this.#files.writeMasterfile(records.filter((each) => each !== record));
      await this.#files.advanceCounters('files');
    });
    await tidy(() => this.#files.writeFile(record, EMPTY));
  }

  /** Removes whatever certificates a container that is gone has left. */
  async deleteAllOf(containerIndex: number): Promise<void> {
    const records = await this.#files.readMasterfile();
    const left = (['keyExchange', 'signature'] as const)
      .map((keySpec) => findFile(records, MSCP, certificateFileName(containerIndex, keySpec)))
      .filter((record) => record !== undefined);
    if (left.length === 0) return;
    await this.#files.writeMasterfile(records.filter((each) => !left.includes(each)));
    for (const record of left) await this.#files.writeFile(record, EMPTY);
  }
}

/**
 * Checks that the bytes are a certificate, DER, of that public key.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_CERTIFICATE_MISMATCH`
 */
export function checkCertificate(certificate: X509Certificate, publicKey: PublicKey): void {
  if (certificate.publicKey.equals(publicKeyObject(publicKey))) return;
  throw new VirtualSmartCardError(
    'ERR_CERTIFICATE_MISMATCH',
    'The certificate was made for another key than the one in this container.',
  );
}

/**
 * @param certificate - DER
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function parseCertificate(certificate: Uint8Array): X509Certificate {
  const expected = 'an X.509 certificate, DER';
  if (!(certificate instanceof Uint8Array)) {
    throw invalidArgument('certificate', expected, describeType(certificate));
  }
  let parsed: X509Certificate | undefined;
  try {
    parsed = new X509Certificate(certificate);
  } catch (error) {
    const refused = invalidArgument('certificate', expected, describeType(certificate));
    refused.cause = error;
    throw refused;
  }
  // X509Certificate also takes PEM, and DER with something behind it.
  if (parsed.raw.equals(certificate)) return parsed;
  throw invalidArgument('certificate', expected, 'a certificate in PEM or with bytes behind it');
}

function findRecord(
  records: readonly MasterfileRecord[],
  { index, keySpec }: Container,
): MasterfileRecord | undefined {
  return findFile(records, MSCP, certificateFileName(index, keySpec));
}
