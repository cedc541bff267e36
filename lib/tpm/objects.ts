import type { CommandRunner } from './command-runner.js';
import { TPM_CC } from './constants.js';
import { skipCreationData } from './creation-data.js';
import type { StorageParent } from './storage-parent.js';
import type { WrappedObject } from './tpm.js';
import { TpmWriter } from './writer.js';

const NONE = new Uint8Array(0);

/** TPM2_Create under the storage parent (Part 3, 12.1). The caller holds the turn, unless he says else. */
export async function createObject(
  runner: CommandRunner,
  parent: StorageParent,
  template: Uint8Array,
  sensitive: { authValue: Uint8Array; data: Uint8Array },
  outOfTurn = false,
): Promise<WrappedObject> {
  const parameters = new TpmWriter(1024)
    .sizedBy((inner) => inner.sized(sensitive.authValue).sized(sensitive.data))
    .sized(template)
    .sized(NONE)
    .u32(0);
  try {
    const { reader } = await runner.run({
      code: TPM_CC.Create,
      handles: [parent],
      authValue: NONE,
      parameters: parameters.bytes,
      secret: { command: true },
      outOfTurn,
    });
    const privateArea = Buffer.from(reader.sized());
    const publicArea = Buffer.from(reader.sized());
    skipCreationData(reader);
    reader.end();
    return { publicArea, privateArea };
  } finally {
    parameters.wipe();
  }
}
