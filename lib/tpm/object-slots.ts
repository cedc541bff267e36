import type { CommandRunner } from './command-runner.js';
import { TPM_CC, TPM_RC, TRANSIENT_FIRST } from './constants.js';
import { responseError } from './error.js';
import { flushLeftovers } from './leftovers.js';
import { objectName } from './name.js';
import type { StorageParent } from './storage-parent.js';
import type { WrappedObject } from './tpm.js';
import { TpmWriter } from './writer.js';

/** An object that may or may not be in one of the TPM's slots just now. */
export class SlotObject {
  readonly wrapped: WrappedObject;
  readonly name: Buffer;
  /** Its transient handle while it is loaded. */
  handle: number | undefined;
  lastUse = 0;

  constructor(wrapped: WrappedObject) {
    this.wrapped = wrapped;
    this.name = objectName(wrapped.publicArea);
  }
}

/** An object that is loaded, as an entity of a command. */
export interface LoadedObject {
  handle: number;
  name: Buffer;
}

/**
 * The TPM's few slots for transient objects: three on libtpms and swtpm, and in the kernel's
 * resource manager. One is always needed by the storage parent, for good when it is transient and
 * during commands that use it when it is persistent. The others keep what was used last.
 */
export class ObjectSlots {
  static readonly CAPACITY = 2;
  readonly #runner: CommandRunner;
  readonly #parent: StorageParent;
  readonly #loaded = new Set<SlotObject>();
  #uses = 0;

  constructor(runner: CommandRunner, parent: StorageParent) {
    this.#runner = runner;
    this.#parent = parent;
    runner.slotReleases.set(TPM_RC.OBJECT_MEMORY, async () => {
      return (await this.#evictOldest()) || flushLeftovers(runner, TRANSIENT_FIRST);
    });
  }

  /** Marks an object as used now, so that others are evicted before it. */
  touch(object: SlotObject): void {
    this.#uses += 1;
    object.lastUse = this.#uses;
  }

  /** TPM2_Load under the storage parent, unless it is loaded. The caller holds the turn. */
  async load(object: SlotObject): Promise<LoadedObject> {
    this.touch(object);
    if (object.handle === undefined) {
      while (this.#loaded.size >= ObjectSlots.CAPACITY) await this.#evictOldest();
      object.handle = await this.#load(object);
      this.#loaded.add(object);
    }
    return { handle: object.handle, name: object.name };
  }

  /** Takes an object out of its slot, if it is in one. The caller holds the turn. */
  async unload(object: SlotObject): Promise<void> {
    const { handle } = object;
    if (handle === undefined) return;
    object.handle = undefined;
    this.#loaded.delete(object);
    await this.#runner.flush(handle);
  }

  async unloadAll(): Promise<void> {
    for (const object of [...this.#loaded]) await this.unload(object);
  }

  async #load({ wrapped, name }: SlotObject): Promise<number> {
    const parameters = new TpmWriter(1024).sized(wrapped.privateArea).sized(wrapped.publicArea);
    const command = {
      code: TPM_CC.Load,
      handles: [this.#parent],
      authValue: new Uint8Array(0),
      parameters: parameters.bytes,
    };
    const { handle } = await this.#runner.make(command, TRANSIENT_FIRST, (reader) => {
      if (reader.sized().equals(name)) return {};
      throw responseError('the Name of another object than was loaded');
    });
    return handle;
  }

  async #evictOldest(): Promise<boolean> {
    let oldest: SlotObject | undefined;
    for (const object of this.#loaded) {
      if (!oldest || object.lastUse < oldest.lastUse) oldest = object;
    }
    if (!oldest) return false;
    await this.unload(oldest);
    return true;
  }
}
