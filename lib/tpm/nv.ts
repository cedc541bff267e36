import { concatSecret } from '../secret.js';
import { readHandles } from './capability.js';
import type { Command, Entity } from './command.js';
import type { CommandRunner } from './command-runner.js';
import {
  NV_INDEX_FIRST,
  TPM_ALG_SHA256,
  TPM_CC,
  TPM_RC,
  TPM_RH_OWNER,
  TPM_SE_POLICY,
} from './constants.js';
import { isTpmCode, responseError } from './error.js';
import type { HmacSession } from './hmac-session.js';
import { encodeNvPublic, type NvPublic, nvName } from './name.js';
import { writeOncePolicyDigest } from './policy.js';
import { TpmReader } from './reader.js';
import { startSession } from './start-session.js';
import { TpmWriter } from './writer.js';

const NONE = new Uint8Array(0);

/** TPMA_NV (Part 2, 13.4): who may read an index, and that it was written. */
const TPMA_NV_AUTHREAD = 1 << 18;
const TPMA_NV_NO_DA = 1 << 25;
const TPMA_NV_WRITTEN = 1 << 29;

/** What every TPM reads at once (TPM_PT_NV_BUFFER_MAX is 512 at least). */
const PIECE = 512;

/** TPMI_YES_NO of TPM2_PolicyNvWritten. */
const NOT_WRITTEN = 0;

/** The parameter of TPM2_PolicyCommandCode that allows the write, and nothing else. */
function allowWrite(): TpmWriter {
  return new TpmWriter(4).u32(TPM_CC.NV_Write);
}

/** What an index is defined with. */
export interface NvSpec {
  attributes: number;
  dataSize: number;
  authValue?: Uint8Array | undefined;
}

/** What the TPM says of an index. */
export type FoundNvPublic = NvPublic & { authPolicy: Buffer };

/** NV commands (Part 3, 31), all with the owner's authorisation. The caller holds the turn. */
export class Nv {
  readonly #runner: CommandRunner;
  readonly #ownerAuthorization: Uint8Array;

  constructor(runner: CommandRunner, ownerAuthorization: Uint8Array) {
    this.#runner = runner;
    this.#ownerAuthorization = ownerAuthorization;
  }

  async define(index: number, spec: NvSpec & { authPolicy?: Uint8Array }): Promise<void> {
    const parameters = new TpmWriter()
      .sized(spec.authValue ?? NONE)
      .sized(encodeNvPublic({ index, authPolicy: NONE, ...spec }));
    try {
      const command = this.#asOwner(TPM_CC.NV_DefineSpace, [], parameters.bytes);
      await this.#runner.perform({ ...command, secret: { command: true } });
    } finally {
      parameters.wipe();
    }
  }

  /**
   * Defines an index of attribute POLICYWRITE, and makes the one write that its policy allows. The
   * data are not secret: nothing may alter them on their way, but they pass as they are.
   */
  async defineWritten(index: number, spec: NvSpec, data: Uint8Array): Promise<void> {
    const authPolicy = writeOncePolicyDigest();
    const policySession = await this.#defineAndStartSession(index, { ...spec, authPolicy });
    const parameters = new TpmWriter(data.length + 4).sized(data).u16(0);
    const { attributes, dataSize } = spec;
    const entity = { handle: index, name: nvName({ index, attributes, authPolicy, dataSize }) };
    const steps = [
      () => this.#policy(TPM_CC.PolicyNvWritten, policySession, new TpmWriter(1).u8(NOT_WRITTEN)),
      () => this.#policy(TPM_CC.PolicyCommandCode, policySession, allowWrite()),
      () =>
        this.#runner.perform({
          code: TPM_CC.NV_Write,
          handles: [entity, entity],
          authValue: NONE,
          policySession,
          parameters: parameters.bytes,
        }),
    ];
    try {
      await this.#inOrder(steps);
    } finally {
      await this.#endSession(policySession);
    }
  }

  async write(index: number, data: Uint8Array): Promise<void> {
    const parameters = new TpmWriter(data.length + 4).sized(data).u16(0);
    try {
      // In process nothing is waited for: whoever writes a file besides has the write under way first.
      const { inProcess } = this.#runner.transport;
      const entity = inProcess ? { handle: index } : await this.#entity(index);
      const command = this.#asOwner(TPM_CC.NV_Write, [entity], parameters.bytes);
      await this.#runner.perform({ ...command, secret: { command: true } });
    } finally {
      parameters.wipe();
    }
  }

  async read(index: number, size: number): Promise<Buffer> {
    const parameters = new TpmWriter(4).u16(size).u16(0).bytes;
    const entity = await this.#entity(index);
    const command = this.#asOwner(TPM_CC.NV_Read, [entity], parameters);
    const { reader } = await this.#runner.run({ ...command, secret: { response: true } });
    try {
      const data = reader.sized();
      reader.end();
      if (data.length !== size) {
        throw responseError(`${data.length} bytes of an NV index where ${size} were asked for`);
      }
      return concatSecret(data);
    } finally {
      reader.wipe();
    }
  }

  /**
   * Reads a whole index that anybody may read: with its own empty authorisation, and in pieces, since
   * a certificate is longer than what a TPM gives out at once. undefined when there is none such.
   */
  async readOpen(index: number): Promise<Buffer | undefined> {
    const found = await this.readPublic(index);
    const wanted = TPMA_NV_AUTHREAD | TPMA_NV_NO_DA | TPMA_NV_WRITTEN;
    if (!found || (found.attributes & wanted) !== wanted) return undefined;
    const entity = await this.#entity(index);
    const pieces: Buffer[] = [];
    for (let offset = 0; offset < found.dataSize; offset += PIECE) {
      const size = Math.min(PIECE, found.dataSize - offset);
      const parameters = new TpmWriter(4).u16(size).u16(offset).bytes;
      const handles = [entity, entity];
      const command = { code: TPM_CC.NV_Read, handles, authValue: NONE, parameters };
      const { reader } = await this.#runner.run(command);
      pieces.push(Buffer.from(reader.sized()));
      reader.end();
    }
    return Buffer.concat(pieces);
  }

  async undefine(index: number): Promise<void> {
    const entity = await this.#entity(index);
    await this.#runner.perform(this.#asOwner(TPM_CC.NV_UndefineSpace, [entity], NONE));
  }

  /** undefined when there is no such index. */
  async readPublic(index: number): Promise<FoundNvPublic | undefined> {
    return (await this.#readPublic(index))?.nvPublic;
  }

  indexes(): Promise<number[]> {
    return readHandles(this.#runner, NV_INDEX_FIRST);
  }

  /** Defines an index, and starts the session for its write: in process at the same time. */
  async #defineAndStartSession(
    index: number,
    spec: NvSpec & { authPolicy: Uint8Array },
  ): Promise<HmacSession> {
    const start = () => startSession(this.#runner, TPM_SE_POLICY, this.#runner.saltParent);
    // The session first, so that its answer is there while the TPM still stores the index.
    const early = this.#runner.transport.inProcess ? start() : undefined;
    const defining = this.define(index, spec);
    const starting = early ?? defining.then(start);
    const [defined, started] = await Promise.allSettled([defining, starting]);
    if (defined.status === 'fulfilled') {
      if (started.status === 'fulfilled') return started.value;
      throw started.reason;
    }
    if (started.status === 'fulfilled') await this.#endSession(started.value);
    throw defined.reason;
  }

  async #endSession(session: HmacSession): Promise<void> {
    session.wipe();
    if (this.#runner.ownHandles.has(session.handle)) await this.#runner.flush(session.handle);
  }

  /** In process, where no nonces roll, the steps need not wait for one another's answers. */
  async #inOrder(steps: readonly (() => Promise<void>)[]): Promise<void> {
    if (!this.#runner.transport.inProcess) {
      for (const step of steps) await step();
      return;
    }
    const outcomes = await Promise.allSettled(steps.map((step) => step()));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #policy(code: number, session: HmacSession, parameters: TpmWriter): Promise<void> {
    await this.#runner.perform({ code, handles: [session], parameters: parameters.bytes });
  }

  /** A command on indices that the owner's authorisation allows. */
  #asOwner(code: number, others: readonly Entity[], parameters: Uint8Array): Command {
    const handles = [{ handle: TPM_RH_OWNER }, ...others];
    return { code, handles, authValue: this.#ownerAuthorization, parameters };
  }

  /**
   * The index with the Name that a session's HMAC covers. It is computed from what belongs to this
   * very handle, so nobody between us and the TPM can put another index in its place.
   */
  async #entity(index: number): Promise<Entity> {
    if (this.#runner.transport.inProcess) return { handle: index };
    const found = await this.#readPublic(index);
    if (!found) return { handle: index };
    const name = nvName(found.nvPublic);
    if (found.nameAlg !== TPM_ALG_SHA256 || !name.equals(found.name)) {
      throw responseError("an NV index's Name is not the SHA-256 of its public area");
    }
    return { handle: index, name };
  }

  async #readPublic(
    index: number,
  ): Promise<{ nvPublic: FoundNvPublic; nameAlg: number; name: Buffer } | undefined> {
    let reader: TpmReader;
    try {
      const handles = [{ handle: index }];
      ({ reader } = await this.#runner.run({ code: TPM_CC.NV_ReadPublic, handles }));
    } catch (error) {
      if (isTpmCode(error, TPM_RC.HANDLE)) return undefined;
      throw error;
    }
    const publicArea = new TpmReader(Buffer.from(reader.sized()));
    const name = reader.sized();
    reader.end();
    if (publicArea.u32() !== index) throw responseError('the public area of another NV index');
    const nameAlg = publicArea.u16();
    const attributes = publicArea.u32();
    const authPolicy = Buffer.from(publicArea.sized());
    const dataSize = publicArea.u16();
    publicArea.end();
    return { nvPublic: { index, attributes, authPolicy, dataSize }, nameAlg, name };
  }
}
