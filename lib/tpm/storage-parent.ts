import { VirtualSmartCardError } from '../errors.js';
import type { PublicKey } from '../gids/card-state.js';
import type { CommandRunner } from './command-runner.js';
import { TPM_CC, TPM_RC, TPM_RH_OWNER } from './constants.js';
import { isTpmCode, responseError } from './error.js';
import { checkedName, createPrimary } from './primary.js';
import { parseStorageParent, storageParentTemplate } from './public-area.js';
import type { TpmReader } from './reader.js';
import { TpmWriter } from './writer.js';

/** Where TCG's registry of handles puts the storage root key, and where systemd and Windows put it. */
const STORAGE_ROOT_KEY = 0x81000001;
const NONE = new Uint8Array(0);

/** The restricted decryption key under which all of our objects are wrapped. */
export interface StorageParent {
  handle: number;
  name: Buffer;
  publicKey: PublicKey;
}

/**
 * Takes the TPM's own storage root key where it has one that fits, else makes TCG's standard one.
 * On our own software TPM it is made persistent; elsewhere we are guests and leave no trace.
 *
 * @param wantedName - Name of the parent of what is to be loaded: should the TPM have been given a
 *   persistent one since, the standard one is still found
 */
export async function findStorageParent(
  runner: CommandRunner,
  ownerAuthorization: Uint8Array,
  wantedName: Uint8Array | undefined,
): Promise<StorageParent> {
  const persistent = await readPersistent(runner);
  const isWanted = (parent: StorageParent) => !wantedName || parent.name.equals(wantedName);
  const usable = persistent.parent && (await hasEmptyAuth(runner, persistent.parent));
  if (persistent.parent && usable && isWanted(persistent.parent)) return persistent.parent;

  const primary = await createStandard(runner, ownerAuthorization);
  if (persistent.parent && usable && !isWanted(primary)) {
    await runner.flush(primary.handle);
    return persistent.parent;
  }
  if (runner.transport.kind !== 'libtpms' || persistent.taken) return primary;
  await runner.perform({
    code: TPM_CC.EvictControl,
    handles: [{ handle: TPM_RH_OWNER }, primary],
    authValue: ownerAuthorization,
    parameters: new TpmWriter(4).u32(STORAGE_ROOT_KEY).bytes,
  });
  await runner.flush(primary.handle);
  return { ...primary, handle: STORAGE_ROOT_KEY };
}

async function readPersistent(
  runner: CommandRunner,
): Promise<{ taken: boolean; parent?: StorageParent }> {
  let reader: TpmReader;
  try {
    const handles = [{ handle: STORAGE_ROOT_KEY }];
    ({ reader } = await runner.run({ code: TPM_CC.ReadPublic, handles }));
  } catch (error) {
    if (isTpmCode(error, TPM_RC.HANDLE)) return { taken: false };
    throw error;
  }
  const publicArea = reader.sized();
  const name = reader.sized();
  reader.sized();
  reader.end();
  const publicKey = parseStorageParent(publicArea);
  if (!publicKey) return { taken: true };
  const parent = { handle: STORAGE_ROOT_KEY, name: checkedName(publicArea, name), publicKey };
  return { taken: true, parent };
}

/**
 * Whether the parent takes the empty authValue. A TPM checks authorisations before it looks at the
 * parameters, so loading nothing fails either way and tells by its code; the parent is exempt from
 * the lockout, so it costs nothing.
 */
async function hasEmptyAuth(runner: CommandRunner, parent: StorageParent): Promise<boolean> {
  try {
    await runner.run({
      code: TPM_CC.Load,
      handles: [parent],
      authValue: NONE,
      parameters: new TpmWriter(4).sized(NONE).sized(NONE).bytes,
    });
  } catch (error) {
    if (isTpmCode(error, TPM_RC.AUTH_FAIL) || isTpmCode(error, TPM_RC.BAD_AUTH)) return false;
    if (VirtualSmartCardError.is(error, 'ERR_TPM_COMMAND')) return true;
    throw error;
  }
  throw responseError('it says that nothing was loaded well');
}

/** TCG's standard storage parent. */
function createStandard(
  runner: CommandRunner,
  ownerAuthorization: Uint8Array,
): Promise<StorageParent> {
  const hierarchy = { handle: TPM_RH_OWNER, authorization: ownerAuthorization };
  return createPrimary(runner, hierarchy, storageParentTemplate(), (publicArea) => {
    const publicKey = parseStorageParent(publicArea);
    if (!publicKey) throw responseError('a storage parent of other attributes than asked for');
    return { publicKey };
  });
}
