import { describeType, invalidArgument } from '../errors.js';
import type { PublicKey } from '../gids/card-state.js';
import type { Turns } from '../turns.js';
import { type Attestation, attest } from './attest.js';
import type { Answer } from './command.js';
import type { CommandRunner } from './command-runner.js';
import {
  TPM_ALG_ECDSA,
  TPM_ALG_NULL,
  TPM_ALG_SHA1,
  TPM_ALG_SHA256,
  TPM_ALG_SHA384,
  TPM_ALG_SHA512,
  TPM_CC,
  TPM_RH_NULL,
} from './constants.js';
import type { Endorsement } from './endorsement.js';
import { responseError } from './error.js';
import { type ObjectSlots, SlotObject } from './object-slots.js';
import { coordinateSize, leftPad, parsePublicKey } from './public-area.js';
import type { WrappedObject } from './tpm.js';
import { TpmWriter } from './writer.js';

/** TPM_ST_HASHCHECK: the empty ticket that goes with a digest made outside the TPM. */
const TPM_ST_HASHCHECK = 0x8024;

const HASH_BY_LENGTH = new Map([
  [20, TPM_ALG_SHA1],
  [32, TPM_ALG_SHA256],
  [48, TPM_ALG_SHA384],
  [64, TPM_ALG_SHA512],
]);

/** What a key shares with all others of its TPM. */
export interface KeyContext {
  runner: CommandRunner;
  slots: ObjectSlots;
  turns: Turns;
  endorsement: Endorsement;
  /** Name of the storage parent. */
  parentName: Buffer;
}

/**
 * A private key that only this TPM can use. It is loaded when first used, stays loaded while there
 * is room, and then costs one TPM command per operation.
 */
export class TpmKey {
  readonly #context: KeyContext;
  readonly #object: SlotObject;
  #publicKey: PublicKey | undefined;

  constructor(context: KeyContext, wrapped: WrappedObject) {
    this.#context = context;
    this.#object = new SlotObject(wrapped);
  }

  /**
   * The raw RSA private operation (TPM2_RSA_Decrypt without a scheme; Part 3, 14.3).
   *
   * @param input - as long as the modulus and below it
   * @returns as long as the modulus; the caller wipes it
   */
  async rsaPrivate(input: Uint8Array, authValue: Uint8Array): Promise<Buffer> {
    const publicKey = this.#key('rsa');
    const size = publicKey.modulus.length;
    if (input.length !== size) {
      throw invalidArgument('input', `${size} bytes, as long as the modulus`, describeType(input));
    }
    const parameters = new TpmWriter(size + 6).sized(input).u16(TPM_ALG_NULL).u16(0);
    const { reader } = await this.#run(TPM_CC.RSA_Decrypt, parameters, authValue, {
      command: true,
      response: true,
    });
    try {
      const output = reader.sized();
      reader.end();
      return leftPad(output, size);
    } finally {
      reader.wipe();
    }
  }

  /**
   * ECDSA over a digest (TPM2_Sign; Part 3, 20.2).
   *
   * @param digest - of 20, 32, 48 or 64 bytes, which tells its hash
   * @returns r ‖ s, each as long as the curve's order
   */
  async ecdsaSign(digest: Uint8Array, authValue: Uint8Array): Promise<Buffer> {
    const { curve } = this.#key('ec');
    const hash = HASH_BY_LENGTH.get(digest.length);
    if (hash === undefined) {
      throw invalidArgument('digest', 'a digest of 20, 32, 48 or 64 bytes', describeType(digest));
    }
    const parameters = new TpmWriter(digest.length + 14)
      .sized(digest)
      .u16(TPM_ALG_ECDSA)
      .u16(hash)
      .u16(TPM_ST_HASHCHECK)
      .u32(TPM_RH_NULL)
      .u16(0);
    const { reader } = await this.#run(TPM_CC.Sign, parameters, authValue, { command: true });
    if (reader.u16() !== TPM_ALG_ECDSA || reader.u16() !== hash) {
      throw responseError('a signature of another scheme than was asked for');
    }
    const r = reader.sized();
    const s = reader.sized();
    reader.end();
    const size = coordinateSize(curve);
    return Buffer.concat([leftPad(r, size), leftPad(s, size)]);
  }

  /**
   * What the TPM says of the key, signed by its attestation key.
   *
   * @param qualifyingData - up to 32 bytes, which the TPM signs with it
   */
  attest(qualifyingData: Uint8Array, authValue: Uint8Array): Promise<Attestation> {
    const context = this.#context;
    return context.turns.take(() => attest(context, this.#object, qualifyingData, authValue));
  }

  /** Takes the key out of the TPM's slot. It may be used again, and is then loaded again. */
  release(): Promise<void> {
    const { turns, slots } = this.#context;
    return turns.take(() => slots.unload(this.#object));
  }

  async #run(
    code: number,
    parameters: TpmWriter,
    authValue: Uint8Array,
    secret: { command?: boolean; response?: boolean },
  ): Promise<Answer> {
    const { runner, slots, turns } = this.#context;
    const object = this.#object;
    const command = { code, parameters: parameters.bytes, authValue, secret };
    try {
      // Transports keep the order, so the key cannot be flushed before a command sent now.
      if (runner.transport.inProcess && object.handle !== undefined) {
        slots.touch(object);
        const handles = [{ handle: object.handle }];
        const answer = await runner.runAtOnce({ ...command, handles }, authValue);
        if (answer) return answer;
      }
      return await turns.take(async () => {
        const loaded = await slots.load(object);
        return runner.run({ ...command, handles: [loaded] });
      });
    } finally {
      parameters.wipe();
    }
  }

  #key<T extends PublicKey['type']>(type: T): PublicKey & { type: T } {
    this.#publicKey ??= parsePublicKey(this.#object.wrapped.publicArea);
    const key = this.#publicKey;
    if (key.type !== type) {
      throw invalidArgument('key', `a key of type ${type}`, `one of type ${key.type}`);
    }
    return key as PublicKey & { type: T };
  }
}
