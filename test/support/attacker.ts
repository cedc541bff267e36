import { createHmac } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { CardFile, deriveFileKey } from '../../lib/backend/embedded/card-file.js';
import type { CardRecord, Credential } from '../../lib/backend/embedded/card-record.js';
import { StateDirectory } from '../../lib/backend/embedded/state-directory.js';
import { Tpm, type WrappedObject } from '../../lib/tpm/tpm.js';
import { openTransport } from '../../lib/tpm/tpm-address.js';
import { Swtpm } from './swtpm.js';

/**
 * Somebody with a card's files, its TPM and the TPM's owner authorisation, but without PIN, PUK or
 * admin key. What the card's files say is read with the library's own code, since the format is no
 * secret; every attempt at the TPM is then made with tpm2-tools.
 */
export class Attacker {
  readonly #swtpm: Swtpm;

  constructor(swtpm: Swtpm) {
    this.#swtpm = swtpm;
  }

  /** Decrypts a card's file with what the TPM gives the owner. Nobody else may be connected. */
  async readRecord(stateDirectory: string, instance = 0): Promise<CardRecord> {
    return this.decrypt(await CardFile.read(new StateDirectory(stateDirectory).card(instance)));
  }

  async decrypt(file: CardFile): Promise<CardRecord> {
    const transport = await openTransport(this.#swtpm.address, { tpmStateDirectory: '' });
    const storageParentName = Buffer.from(file.header.storageParent, 'hex');
    const tpm = await Tpm.open(transport, { storageParentName });
    try {
      const half = await tpm.unseal(file.sealedFileKey);
      return file.decrypt(deriveFileKey(half, await tpm.nvRead(file.header.fileSecretIndex, 32)));
    } finally {
      await tpm.close();
    }
  }

  /** tpm2_load under the persistent storage key; resolves to the name of a saved context. */
  async load(object: WrappedObject, name: string): Promise<string> {
    await this.#write(`${name}.pub`, sized(object.publicArea));
    await this.#write(`${name}.priv`, sized(object.privateArea));
    const files = ['-u', `${name}.pub`, '-r', `${name}.priv`, '-c', `${name}.ctx`];
    await this.#swtpm.tool('tpm2_load', '-C', '0x81000001', ...files);
    await this.#flush();
    return `${name}.ctx`;
  }

  /** Defines a PIN index anew, with an authorisation of the attacker's own. */
  async redefine(index: number, auth: string): Promise<void> {
    const handle = hex(index);
    await this.#swtpm.tool('tpm2_nvundefine', '-C', 'o', handle).catch(() => {
      // It may have been undefined before.
    });
    const attributes = 'policywrite|ownerread|authread|no_da|nt=pinfail';
    await this.#startWriteSession();
    await this.#endSession();
    const define = ['-C', 'o', '-s', '8', '-a', attributes, '-L', 'write.policy', '-p', auth];
    await this.#swtpm.tool('tpm2_nvdefine', ...define, handle);
    await this.writeCount(index);
  }

  /** Writes a PIN index by its policy, as it must be once before it can be used: no wrong tries yet. */
  async writeCount(index: number): Promise<void> {
    await this.#write('count', Buffer.from('0000000000000005', 'hex'));
    await this.#startWriteSession();
    try {
      const session = ['-C', hex(index), '-P', 'session:session.ctx'];
      await this.#swtpm.tool('tpm2_nvwrite', ...session, '-i', 'count', hex(index));
    } finally {
      await this.#endSession();
    }
  }

  /** Writes a PIN index by the owner's authorisation. */
  async writeCountAsOwner(index: number): Promise<void> {
    await this.#write('count', Buffer.from('0000000000000005', 'hex'));
    await this.#swtpm.tool('tpm2_nvwrite', '-C', 'o', '-i', 'count', hex(index));
  }

  /** Tries a PIN index alone, by TPM2_PolicySecret. */
  async guess(index: number, auth: string): Promise<void> {
    await this.#startSession();
    try {
      const session = ['-S', 'session.ctx'];
      await this.#swtpm.tool('tpm2_policysecret', ...session, '-c', hex(index), auth);
    } finally {
      await this.#endSession();
    }
  }

  /** Tries to open a sealed credential with the authorisations given, as `openCredential` does. */
  async unseal(credential: Credential, context: string, auth: { index: string; object: string }) {
    const tool = this.#swtpm.tool.bind(this.#swtpm);
    await this.#startSession();
    try {
      if (credential.index !== undefined) {
        const handle = hex(credential.index);
        await tool('tpm2_policysecret', '-S', 'session.ctx', '-c', handle, auth.index);
      }
      await tool('tpm2_policyauthvalue', '-S', 'session.ctx');
      await tool(
        'tpm2_unseal',
        '-c',
        context,
        '-p',
        `session:session.ctx+${auth.object}`,
        '-o',
        'out',
      );
      return await readFile(join(this.#swtpm.directory, 'out'));
    } finally {
      await this.#endSession();
    }
  }

  /** TPM_PT_LOCKOUT_COUNTER as tpm2_getcap sees it. */
  async lockoutCounter(): Promise<number> {
    const text = await this.#swtpm.tool('tpm2_getcap', 'properties-variable');
    return Number.parseInt(/TPM2_PT_LOCKOUT_COUNTER: (0x[0-9A-Fa-f]+)/.exec(text)?.[1] ?? '', 16);
  }

  /** A policy session that may write an index that has never been written. */
  async #startWriteSession(): Promise<void> {
    await this.#startSession();
    const session = ['-S', 'session.ctx', '-L', 'write.policy'];
    await this.#swtpm.tool('tpm2_policynvwritten', ...session, 'c');
    await this.#swtpm.tool('tpm2_policycommandcode', ...session, 'TPM2_CC_NV_Write');
  }

  async #startSession(): Promise<void> {
    await this.#swtpm.tool('tpm2_startauthsession', '--policy-session', '-S', 'session.ctx');
  }

  async #endSession(): Promise<void> {
    await this.#swtpm.tool('tpm2_flushcontext', 'session.ctx').catch(() => {
      // A command may have ended the session.
    });
    await this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#swtpm.tool('tpm2_flushcontext', '-t');
  }

  async #write(name: string, content: Buffer): Promise<void> {
    await writeFile(join(this.#swtpm.directory, name), content);
  }
}

/** A swtpm whose storage root key tpm2-tools made, so that they can load what is under it. */
export async function startAttackedTpm(): Promise<Swtpm> {
  const swtpm = await Swtpm.start();
  onTestFinished(() => swtpm.remove());
  await swtpm.tool('tpm2_startup', '-c');
  const attributes =
    'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt';
  const primary = ['-C', 'o', '-G', 'ecc', '-c', 'primary.ctx', '-a', attributes];
  await swtpm.tool('tpm2_createprimary', ...primary);
  await swtpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', 'primary.ctx', '0x81000001');
  await swtpm.tool('tpm2_flushcontext', '-t');
  return swtpm;
}

/** The authorisations that a PIN stands for, derived here anew so that a test does not use the product's own. */
export function authOf(pin: Uint8Array, { salt }: Credential): { index: string; object: string } {
  const derive = (purpose: string) =>
    `hex:${createHmac('sha256', salt).update(purpose).update(pin).digest('hex')}`;
  return { index: derive('index'), object: derive('object') };
}

/** Something that a record must have. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the record does not have it');
  return value;
}

function hex(handle: number): string {
  return `0x${handle.toString(16)}`;
}

function sized(bytes: Buffer): Buffer {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(bytes.length);
  return Buffer.concat([size, bytes]);
}
