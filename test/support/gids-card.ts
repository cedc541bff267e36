import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { GidsApplet } from '../../lib/gids/applet.js';
import { GidsCardConnection } from '../../lib/gids/card-connection.js';
import type { PublicKey } from '../../lib/gids/card-state.js';
import type { ApduChannel } from '../../lib/gids/channel.js';
import { generateFileSystem } from '../../lib/gids/files.js';
import { publicKeyObject } from '../../lib/public-key.js';
import { Turns } from '../../lib/turns.js';
import { MemoryVault, type MemoryVaultOptions } from './memory-vault.js';

/** A PIN or PUK of random digits. */
export function randomPin(length: number): Buffer {
  return Buffer.from(Array.from(randomBytes(length), (byte) => 0x30 + (byte % 10)));
}

/** A GIDS card in software, for tests of the host side: our applet over a vault in memory. */
export class TestCard {
  readonly pin = randomPin(8);
  readonly puk: Buffer | undefined;
  readonly adminKey = randomBytes(24);
  readonly vault: MemoryVault;
  readonly #turns = new Turns();

  constructor(options: Partial<MemoryVaultOptions> & { withPuk?: boolean } = {}) {
    const { withPuk, ...vaultOptions } = options;
    this.puk = withPuk ? randomPin(10) : undefined;
    this.vault = new MemoryVault({
      pin: this.pin,
      adminKey: this.adminKey,
      state: generateFileSystem(randomBytes(16)),
      ...(this.puk ? { puk: this.puk } : {}),
      ...vaultOptions,
    });
  }

  /** A channel of its own PIN state. */
  channel(): GidsApplet {
    return new GidsApplet(this.vault, this.#turns);
  }

  connection(channel: ApduChannel = this.channel()): GidsCardConnection {
    return new GidsCardConnection(channel, async () => {
      throw new Error('no information in this test');
    });
  }

  /** Key references of the key files on the card. */
  get keyReferences(): number[] {
    return [...this.vault.state.keys.keys()];
  }
}

/** A channel that keeps what went over it, as hexadecimal. */
export class RecordingChannel implements ApduChannel {
  readonly commands: string[] = [];
  readonly #below: ApduChannel;
  /** The command buffers themselves, to see whether they were wiped. */
  readonly buffers: Uint8Array[] = [];

  constructor(below: ApduChannel) {
    this.#below = below;
  }

  async transmit(command: Uint8Array): Promise<Buffer> {
    this.commands.push(Buffer.from(command).toString('hex'));
    this.buffers.push(command);
    return this.#below.transmit(command);
  }

  /** The first two bytes of the commands so far, which are then forgotten. */
  takeHeaders(length = 4): string[] {
    return this.commands.splice(0).map((command) => command.slice(0, length * 2));
  }

  reset(): Promise<void> {
    return this.#below.reset();
  }

  close(): Promise<void> {
    return this.#below.close();
  }

  takeFailure(): unknown {
    return this.#below.takeFailure?.();
  }
}

/** How a {@link FaultyChannel} fails. */
export type Fault =
  /** The command never reaches the card. */
  | 'command lost'
  /** The card carries the command out, but nobody hears of it. */
  | 'answer lost'
  /** The card refuses it: its memory cannot be written. */
  | 'refused'
  /** The host is killed before it, so that nothing follows. */
  | 'killed before'
  /** The host is killed after it. */
  | 'killed after';

/** A channel whose n-th command (from 0) fails. */
export class FaultyChannel implements ApduChannel {
  /** Commands that were sent. */
  count = 0;
  readonly #below: ApduChannel;
  readonly #at: number;
  readonly #fault: Fault;

  constructor(below: ApduChannel, at: number, fault: Fault) {
    this.#below = below;
    this.#at = at;
    this.#fault = fault;
  }

  async transmit(command: Uint8Array): Promise<Buffer> {
    const position = this.count++;
    const isDead = this.#fault.startsWith('killed') && position > this.#at;
    if (position !== this.#at && !isDead) return this.#below.transmit(command);
    if (isDead || this.#fault === 'command lost' || this.#fault === 'killed before') {
      throw new Error('connection lost');
    }
    if (this.#fault === 'refused') return Buffer.from([0x65, 0x81]);
    await this.#below.transmit(command);
    throw new Error('connection lost');
  }

  /** Whether the fault came to pass. */
  get hasFailed(): boolean {
    return this.count > this.#at;
  }

  async reset(): Promise<void> {
    if (!this.#fault.startsWith('killed')) await this.#below.reset();
  }

  close(): Promise<void> {
    return this.#below.close();
  }
}

/** A channel that answers what it is told to, whatever is sent. */
export class ScriptedChannel implements ApduChannel {
  readonly commands: string[] = [];
  resets = 0;
  failure: unknown;
  readonly #answers: (string | Error)[];

  /** @param answers - response APDUs, hexadecimal */
  constructor(...answers: (string | Error)[]) {
    this.#answers = answers;
  }

  async transmit(command: Uint8Array): Promise<Buffer> {
    this.commands.push(Buffer.from(command).toString('hex'));
    const answer = this.#answers.shift();
    if (answer === undefined) throw new Error('the script has ended');
    if (answer instanceof Error) throw answer;
    return Buffer.from(answer, 'hex');
  }

  async reset(): Promise<void> {
    this.resets++;
  }

  async close(): Promise<void> {
    this.resets++;
  }

  takeFailure(): unknown {
    const { failure } = this;
    this.failure = undefined;
    return failure;
  }
}

/** A certificate of that public key, DER, which the openssl program makes under a CA of its own. */
export function certificateFor(publicKey: PublicKey, subject: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'gids-certificate-'));
  try {
    const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const caKey = join(directory, 'ca.pem');
    const key = join(directory, 'key.pem');
    const out = join(directory, 'certificate.der');
    writeFileSync(caKey, ca.export({ format: 'pem', type: 'pkcs8' }));
    writeFileSync(key, publicKeyObject(publicKey).export({ format: 'pem', type: 'spki' }));
    const options = ['-days', '30', '-outform', 'DER', '-out', out];
    execFileSync(
      'openssl',
      ['x509', '-new', '-subj', `/CN=${subject}`, '-force_pubkey', key, '-key', caKey, ...options],
      { stdio: 'pipe' },
    );
    return readFileSync(out);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Has the container's key sign, and expects node:crypto to verify it with the key the card gives. */
export async function expectSigns(
  connection: GidsCardConnection,
  name: string,
  pin: Uint8Array,
): Promise<void> {
  const data = randomBytes(40);
  const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
  const digest = createHash('sha256').update(data).digest();
  const signature = await connection.signDigest(name, scheme, digest, { pin });
  const key = publicKeyObject(await connection.publicKey(name));
  expect(verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
}
