import type { KeyAlgorithm, TpmStatus } from '../backend/backend.js';
import { invalidArgument, VirtualSmartCardError } from '../errors.js';
import type { PublicKey } from '../gids/card-state.js';
import type { ImportedPrivateKey } from '../gids/card-vault.js';
import { concatSecret, wipe } from '../secret.js';
import { Turns } from '../turns.js';
import { activateCredential, type Credential } from './activate-credential.js';
import { AlgorithmSupport, isRefusal, unsupported } from './algorithm-support.js';
import { CommandRunner } from './command-runner.js';
import { TPM_CC, TPM_RC, TPM_SU_CLEAR } from './constants.js';
import {
  type DictionaryAttackParameters,
  resetLockout,
  setParameters,
} from './dictionary-attack.js';
import { Endorsement } from './endorsement.js';
import { isTpmCode } from './error.js';
import { checkPrivateKey, importKey } from './import-key.js';
import { TpmKey } from './key.js';
import { Nv } from './nv.js';
import { ObjectSlots, SlotObject } from './object-slots.js';
import { createObject } from './objects.js';
import { pinPolicyDigest, writeOncePolicyDigest } from './policy.js';
import {
  type KeyShape,
  keyShape,
  keyTemplate,
  parsePublicKey,
  sealTemplate,
  shapeOf,
} from './public-area.js';
import { readStatus } from './status.js';
import { findStorageParent, type StorageParent } from './storage-parent.js';
import type { TpmTransport } from './transport.js';
import { type PolicyAuthorization, unseal, unsealWithPolicy } from './unseal.js';
import { TpmWriter } from './writer.js';

export type { Credential } from './activate-credential.js';
export type { Attestation } from './attest.js';
export { TpmKey } from './key.js';
export type { PinIndexAuthorization, PolicyAuthorization } from './unseal.js';

/** An object as it is kept outside the TPM: TPMT_PUBLIC and the private blob, without their size prefix. */
export interface WrappedObject {
  publicArea: Buffer;
  privateArea: Buffer;
}

/** How to open a TPM. */
export interface TpmOptions {
  /** Owner authorisation, for NV indices and the storage parent; empty by default. */
  ownerAuthorization?: Uint8Array | undefined;
  /** Name of the storage parent that stored objects were made under, if there are any. */
  storageParentName?: Uint8Array | undefined;
}

/** The largest authValue of an object whose nameAlg is SHA-256. */
const MAX_AUTH_VALUE = 32;
const NONE = new Uint8Array(0);

/**
 * A TPM 2.0 as the cards use it. Calls may overlap; they are carried out in the order of the calls,
 * except that in process what needs no session, operations of a loaded key above all, is sent at once.
 *
 * All methods reject with VirtualSmartCardErrors: `ERR_TPM_UNAVAILABLE`, `ERR_TPM_RESPONSE`,
 * `ERR_TPM_LOCKED_OUT`, `ERR_TPM_AUTHORIZATION`, `ERR_TPM_NV_FULL`, `ERR_TPM_COMMAND` with
 * `tpmCode`, and `ERR_CLOSED` after `close`. Byte arguments belong to the caller, who wipes them
 * after the call has ended; so does a result that is secret.
 *
 * @example
 * ```ts
 * const tpm = await Tpm.open(await openTransport('libtpms', { tpmStateDirectory }));
 * const { wrapped } = await tpm.createKey('EC-P256', authValue);
 * const signature = await tpm.key(wrapped).ecdsaSign(digest, authValue);
 * await tpm.close();
 * ```
 */
export class Tpm {
  readonly transport: TpmTransport;
  /** Name of the storage parent: which TPM this is. */
  readonly storageParentName: Buffer;
  readonly #runner: CommandRunner;
  readonly #parent: StorageParent;
  readonly #ownerAuthorization: Buffer;
  readonly #nv: Nv;
  readonly #slots: ObjectSlots;
  readonly #turns = new Turns();
  readonly #algorithms: AlgorithmSupport;
  readonly #endorsement: Endorsement;
  #closed: Promise<void> | undefined;

  private constructor(runner: CommandRunner, parent: StorageParent, ownerAuthorization: Buffer) {
    this.transport = runner.transport;
    this.storageParentName = parent.name;
    this.#runner = runner;
    this.#parent = parent;
    this.#ownerAuthorization = ownerAuthorization;
    this.#nv = new Nv(runner, ownerAuthorization);
    this.#slots = new ObjectSlots(runner, parent);
    this.#algorithms = new AlgorithmSupport(runner);
    this.#endorsement = new Endorsement(runner, this.#nv, this.#algorithms);
  }

  /**
   * Starts the TPM up where nobody has, and finds or makes the storage parent. The transport belongs
   * to the Tpm from now on; should opening fail, it is closed.
   */
  static async open(transport: TpmTransport, options: TpmOptions = {}): Promise<Tpm> {
    const runner = new CommandRunner(transport);
    const ownerAuthorization = concatSecret(options.ownerAuthorization ?? NONE);
    try {
      await startUp(runner);
      const wanted = options.storageParentName;
      const parent = await findStorageParent(runner, ownerAuthorization, wanted);
      await runner.saltTo(parent);
      return new Tpm(runner, parent, ownerAuthorization);
    } catch (error) {
      wipe(ownerAuthorization);
      await transport.close();
      throw error;
    }
  }

  /** The authPolicy of an index of `nvDefineWritten`, which its Name holds. */
  static writeOncePolicyDigest(): Buffer {
    return writeOncePolicyDigest();
  }

  /** The authPolicy for `unsealWithPolicy`: the PIN index when one is named, then the authValue. */
  static pinPolicyDigest(pinIndexName: Uint8Array | undefined): Buffer {
    return pinPolicyDigest(pinIndexName);
  }

  /**
   * Has the TPM keep data, to be given out on authorisation.
   *
   * @param request - `dictionaryAttack`: failures count in the TPM's lockout (default false);
   *   `userWithAuth`: the authValue alone opens it (default true), else only the policy
   */
  async seal(request: {
    data: Uint8Array;
    authValue?: Uint8Array;
    authPolicy?: Uint8Array;
    dictionaryAttack?: boolean;
    userWithAuth?: boolean;
  }): Promise<WrappedObject> {
    const { data, authValue = NONE, authPolicy = NONE } = request;
    const { dictionaryAttack = false, userWithAuth = true } = request;
    checkAuthValue(authValue);
    const template = sealTemplate({ authPolicy, dictionaryAttack, userWithAuth });
    const create = (outOfTurn: boolean) =>
      createObject(this.#runner, this.#parent, template, { authValue, data }, outOfTurn);
    if (!this.#isSingle) return this.#take(() => create(false));
    try {
      return await create(true);
    } catch (error) {
      // Keys that are loaded have all the slots: one is freed in turn.
      if (!isTpmCode(error, TPM_RC.OBJECT_MEMORY)) throw error;
      return this.#take(() => create(false));
    }
  }

  /** Gives sealed data out; the caller wipes it. */
  unseal(sealed: WrappedObject, authValue: Uint8Array = NONE): Promise<Buffer> {
    const object = new SlotObject(sealed);
    return this.#take(() => unseal(this.#runner, this.#slots, object, authValue));
  }

  /**
   * Gives out data sealed under `pinPolicyDigest`. `isTpmCode` tells what was refused: BAD_AUTH, a
   * wrong PIN, counted in its index; AUTH_UNAVAILABLE, a blocked one; AUTH_FAIL, the object's own
   * authValue, counted in the TPM's lockout.
   */
  unsealWithPolicy(sealed: WrappedObject, authorization: PolicyAuthorization): Promise<Buffer> {
    const object = new SlotObject(sealed);
    return this.#take(() => unsealWithPolicy(this.#runner, this.#slots, object, authorization));
  }

  /** Makes a key pair in the TPM. @throws VirtualSmartCardError `ERR_ALGORITHM_NOT_SUPPORTED` */
  async createKey(
    algorithm: KeyAlgorithm,
    authValue: Uint8Array,
  ): Promise<{ wrapped: WrappedObject; publicKey: PublicKey }> {
    const shape = checkAlgorithm(algorithm);
    checkAuthValue(authValue);
    const wrapped = await this.#take(async () => {
      await this.#algorithms.require(shape);
      const sensitive = { authValue, data: NONE };
      return createObject(this.#runner, this.#parent, keyTemplate(shape), sensitive);
    });
    return { wrapped, publicKey: parsePublicKey(wrapped.publicArea) };
  }

  /** Brings a private key into the TPM. @throws VirtualSmartCardError `ERR_ALGORITHM_NOT_SUPPORTED` */
  async importKey(
    key: ImportedPrivateKey,
    authValue: Uint8Array,
  ): Promise<{ wrapped: WrappedObject; publicKey: PublicKey }> {
    checkPrivateKey(key);
    checkAuthValue(authValue);
    const shape = shapeOf(key.publicKey);
    const wrapped = await this.#take(async () => {
      await this.#algorithms.require(shape);
      try {
        return await importKey(this.#runner, this.#parent, key, authValue);
      } catch (error) {
        // Some exponents are refused only here.
        throw isRefusal(error) ? unsupported(shape, error) : error;
      }
    });
    return { wrapped, publicKey: parsePublicKey(wrapped.publicArea) };
  }

  /** Whether the TPM can make and use such keys; asked once, then remembered. */
  async supportsAlgorithm(algorithm: KeyAlgorithm): Promise<boolean> {
    const shape = checkAlgorithm(algorithm);
    return this.#take(() => this.#algorithms.has(shape));
  }

  /** A key to work with. This costs nothing; the key is loaded when first used. */
  key(wrapped: WrappedObject): TpmKey {
    const context = {
      runner: this.#runner,
      slots: this.#slots,
      turns: this.#turns,
      endorsement: this.#endorsement,
      parentName: this.storageParentName,
    };
    return new TpmKey(context, wrapped);
  }

  /**
   * Reads a secret that is encrypted to this TPM's endorsement key and its attestation key; the caller
   * wipes it. `isParameterError` tells that it is for other keys, or damaged.
   */
  activateCredential(credential: Credential): Promise<Buffer> {
    return this.#take(() => activateCredential(this.#runner, this.#endorsement, credential));
  }

  /** Defines an NV index without a policy, with the owner's authorisation. */
  async nvDefine(
    index: number,
    spec: { attributes: number; dataSize: number; authValue?: Uint8Array },
  ): Promise<void> {
    checkAuthValue(spec.authValue ?? NONE);
    return this.#single(() => this.#nv.define(index, spec));
  }

  /**
   * Defines an NV index and writes it once and for all: under `writeOncePolicyDigest`, so that from
   * then on nobody writes it, the owner included.
   *
   * @param spec - attributes with TPMA_NV_POLICYWRITE
   */
  async nvDefineWritten(
    index: number,
    spec: { attributes: number; dataSize: number; authValue?: Uint8Array },
    data: Uint8Array,
  ): Promise<void> {
    checkAuthValue(spec.authValue ?? NONE);
    return this.#take(() => this.#nv.defineWritten(index, spec, data));
  }

  nvWrite(index: number, data: Uint8Array): Promise<void> {
    return this.#single(() => this.#nv.write(index, data));
  }

  /** Reads the first `size` bytes of an index. */
  nvRead(index: number, size: number): Promise<Buffer> {
    return this.#single(() => this.#nv.read(index, size));
  }

  /** undefined when there is no such index. */
  nvReadPublic(
    index: number,
  ): Promise<{ attributes: number; authPolicy: Buffer; dataSize: number } | undefined> {
    return this.#single(() => this.#nv.readPublic(index));
  }

  nvUndefine(index: number): Promise<void> {
    return this.#single(() => this.#nv.undefine(index));
  }

  /** Handles of all NV indices of the TPM, other programs' too. */
  nvIndexes(): Promise<number[]> {
    return this.#single(() => this.#nv.indexes());
  }

  /** State of the TPM and of its lockout. */
  status(): Promise<Omit<TpmStatus, 'address' | 'kind'>> {
    return this.#take(() => readStatus(this.#runner));
  }

  /** Sets the lockout's figures. @throws VirtualSmartCardError `ERR_TPM_LOCKOUT_AUTHORIZATION` */
  setDictionaryAttackParameters(
    parameters: DictionaryAttackParameters,
    lockoutAuthorization: Uint8Array = NONE,
  ): Promise<void> {
    return this.#take(() => setParameters(this.#runner, parameters, lockoutAuthorization));
  }

  /**
   * Ends the lockout and forgets all failures. A wrong value bans further tries for the lockout
   * recovery time. @throws VirtualSmartCardError `ERR_TPM_LOCKOUT_AUTHORIZATION`
   */
  resetLockout(lockoutAuthorization: Uint8Array): Promise<void> {
    return this.#take(() => resetLockout(this.#runner, lockoutAuthorization));
  }

  /**
   * Overwrites what the in-process TPM library may have kept of these random values, of 16 bytes or
   * more each. No NV index may hold one, and keys that one opens must have been released before,
   * since it is overwritten in them too. Nothing elsewhere.
   */
  async forget(...values: Uint8Array[]): Promise<void> {
    for (const { length } of values) {
      if (length < 16) throw invalidArgument('values', 'at least 16 bytes each', `${length} bytes`);
    }
    if (!this.transport.forget) return;
    await this.#take(async () => this.transport.forget?.(values));
  }

  /**
   * Finishes what is queued, takes out of the TPM what is ours and closes the transport. Our own
   * software TPM is shut down in order. Safe to call twice.
   */
  close(): Promise<void> {
    this.#closed ??= this.#turns.take(() => this.#close());
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.#slots.unloadAll();
      for (const handle of [...this.#runner.ownHandles]) await this.#runner.flush(handle);
      if (this.transport.kind === 'libtpms') {
        const parameters = new TpmWriter(2).u16(TPM_SU_CLEAR).bytes;
        await this.#runner.perform({ code: TPM_CC.Shutdown, parameters });
      }
    } catch (error) {
      // Without a TPM there is nothing to take out of it.
      if (!VirtualSmartCardError.is(error, 'ERR_TPM_UNAVAILABLE')) throw error;
    } finally {
      this.#runner.wipe();
      wipe(this.#ownerAuthorization);
      await this.transport.close();
    }
  }

  /**
   * A command that stands by itself: in process, where it needs no session, it does not wait for
   * those before it to be answered. The transport keeps the order.
   */
  #single<T>(work: () => Promise<T>): Promise<T> {
    return this.#isSingle ? work() : this.#take(work);
  }

  get #isSingle(): boolean {
    return this.transport.inProcess && !this.#closed;
  }

  #take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new VirtualSmartCardError('ERR_CLOSED', 'The TPM has been closed.'));
    }
    return this.#turns.take(work);
  }
}

/** TPM2_Startup (Part 3, 9.3). TPM_RC_INITIALIZE says that somebody has done it, as a kernel does. */
async function startUp(runner: CommandRunner): Promise<void> {
  try {
    const parameters = new TpmWriter(2).u16(TPM_SU_CLEAR).bytes;
    await runner.perform({ code: TPM_CC.Startup, parameters });
  } catch (error) {
    if (!isTpmCode(error, TPM_RC.INITIALIZE)) throw error;
  }
}

function checkAlgorithm(algorithm: string): KeyShape {
  const shape = keyShape(algorithm);
  if (shape) return shape;
  const expected = 'RSA-1024, RSA-2048, RSA-3072, EC-P256 or EC-P384';
  throw invalidArgument('algorithm', expected, `"${String(algorithm).slice(0, 40)}"`);
}

function checkAuthValue(authValue: Uint8Array): void {
  if (authValue.length <= MAX_AUTH_VALUE) return;
  throw invalidArgument(
    'authValue',
    `at most ${MAX_AUTH_VALUE} bytes`,
    `${authValue.length} bytes`,
  );
}
