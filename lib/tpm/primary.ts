import type { CommandRunner, Made } from './command-runner.js';
import { TPM_CC, TRANSIENT_FIRST } from './constants.js';
import { skipCreationData } from './creation-data.js';
import { responseError } from './error.js';
import { objectName } from './name.js';
import { TpmWriter } from './writer.js';

const NONE = new Uint8Array(0);

/** A hierarchy, whose seed its primary objects come from, and what authorises their making. */
export interface Hierarchy {
  handle: number;
  authorization: Uint8Array;
}

/**
 * TPM2_CreatePrimary (Part 3, 24.1): the same object each time, since it comes from the hierarchy's
 * seed and the template. It takes a slot until it is flushed. The caller holds the turn.
 */
export async function createPrimary<T>(
  runner: CommandRunner,
  hierarchy: Hierarchy,
  template: Uint8Array,
  read: (publicArea: Buffer) => T,
): Promise<T & { name: Buffer } & Made> {
  const parameters = new TpmWriter(512)
    .sizedBy((sensitive) => sensitive.sized(NONE).sized(NONE))
    .sized(template)
    .sized(NONE)
    .u32(0);
  const command = {
    code: TPM_CC.CreatePrimary,
    handles: [{ handle: hierarchy.handle }],
    authValue: hierarchy.authorization,
    parameters: parameters.bytes,
  };
  return runner.make(command, TRANSIENT_FIRST, (reader) => {
    const publicArea = Buffer.from(reader.sized());
    skipCreationData(reader);
    const name = checkedName(publicArea, reader.sized());
    return { ...read(publicArea), name };
  });
}

/** The Name that the TPM says must be that of the public area that it shows. */
export function checkedName(publicArea: Buffer, name: Buffer): Buffer {
  const computed = objectName(publicArea);
  if (computed.equals(name)) return computed;
  throw responseError("an object's Name is not that of its public area");
}
