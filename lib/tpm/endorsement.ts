import type { AlgorithmSupport } from './algorithm-support.js';
import {
  type AttestationKeyType,
  attestationTemplate,
  endorsementTemplate,
} from './attestation-templates.js';
import type { CommandRunner } from './command-runner.js';
import { TPM_RH_ENDORSEMENT } from './constants.js';
import { splitCertificates } from './der-sequence.js';
import type { Nv } from './nv.js';
import { createPrimary } from './primary.js';
import { keyShape } from './public-area.js';

/** "TCG EK Credential Profile", 2.2.1.4: where a maker puts the certificates of its keys, */
const CERTIFICATE_INDEX: Record<AttestationKeyType, number> = { rsa: 0x01c00002, ec: 0x01c0000a };
/** and those of the authorities above them. */
const CHAIN_INDEXES = { first: 0x01c00100, last: 0x01c001ff };

/** A primary key while it is in one of the TPM's slots. */
export interface PrimaryKey {
  handle: number;
  name: Buffer;
  publicArea: Buffer;
}

/** What says which TPM it is. */
export interface EndorsementIdentity {
  type: AttestationKeyType;
  /** TPMT_PUBLIC of the endorsement key. */
  publicArea: Buffer;
  /** DER: the endorsement key's, then those of the authorities; empty where its maker gave it none. */
  certificates: Buffer[];
}

/**
 * The endorsement hierarchy: the key that names the TPM, its certificates, and our attestation key.
 * Both keys come from the hierarchy's seed, which only the maker changes: they are made anew when they
 * are needed and flushed after it, so nothing is stored. The caller holds the turn.
 */
export class Endorsement {
  readonly #runner: CommandRunner;
  readonly #nv: Nv;
  readonly #algorithms: AlgorithmSupport;
  /** Making an RSA key again and again would take a real TPM seconds. */
  readonly #known = new Map<AttestationKeyType, Buffer>();

  constructor(runner: CommandRunner, nv: Nv, algorithms: AlgorithmSupport) {
    this.#runner = runner;
    this.#nv = nv;
    this.#algorithms = algorithms;
  }

  /** The endorsement key that has a certificate, where one has; ECC before RSA, which is slow to make. */
  async identity(): Promise<EndorsementIdentity> {
    const hasEc = await this.#hasEc();
    const types = hasEc ? (['ec', 'rsa'] as const) : (['rsa'] as const);
    for (const type of types) {
      const certificate = await this.#certificate(type);
      if (!certificate) continue;
      const certificates = [certificate, ...(await this.#chain())];
      return { type, publicArea: await this.#publicArea(type), certificates };
    }
    const [type] = types;
    return { type, publicArea: await this.#publicArea(type), certificates: [] };
  }

  /** Runs `use` with the attestation key in a slot. */
  async withAttestationKey<T>(use: (key: PrimaryKey) => Promise<T>): Promise<T> {
    const type = (await this.#hasEc()) ? 'ec' : 'rsa';
    return this.#with(attestationTemplate(type), use);
  }

  /** Runs `use` with the endorsement key in a slot. */
  withEndorsementKey<T>(
    type: AttestationKeyType,
    use: (key: PrimaryKey) => Promise<T>,
  ): Promise<T> {
    return this.#with(endorsementTemplate(type), use);
  }

  async #with<T>(template: Buffer, use: (key: PrimaryKey) => Promise<T>): Promise<T> {
    const hierarchy = { handle: TPM_RH_ENDORSEMENT, authorization: new Uint8Array(0) };
    const read = (publicArea: Buffer) => ({ publicArea });
    const key = await createPrimary(this.#runner, hierarchy, template, read);
    try {
      return await use(key);
    } finally {
      await this.#runner.flush(key.handle);
    }
  }

  async #publicArea(type: AttestationKeyType): Promise<Buffer> {
    const known = this.#known.get(type);
    if (known) return known;
    const publicArea = await this.withEndorsementKey(type, async (key) => key.publicArea);
    this.#known.set(type, publicArea);
    return publicArea;
  }

  async #certificate(type: AttestationKeyType): Promise<Buffer | undefined> {
    const content = await this.#nv.readOpen(CERTIFICATE_INDEX[type]);
    return content && splitCertificates(content)[0];
  }

  async #chain(): Promise<Buffer[]> {
    const { first, last } = CHAIN_INDEXES;
    const indexes = (await this.#nv.indexes()).filter((index) => index >= first && index <= last);
    const contents: Buffer[] = [];
    for (const index of indexes) {
      contents.push((await this.#nv.readOpen(index)) ?? Buffer.alloc(0));
    }
    // One certificate may go on in the next index.
    return splitCertificates(Buffer.concat(contents));
  }

  #hasEc(): Promise<boolean> {
    const shape = keyShape('EC-P256');
    return shape ? this.#algorithms.has(shape) : Promise.resolve(false);
  }
}
