import type { TpmReader } from './reader.js';

/**
 * Passes over what TPM2_Create and TPM2_CreatePrimary (Part 3, 12.1 and 24.1) say of the object's making:
 * creationData, creationHash and creationTicket.
 */
export function skipCreationData(reader: TpmReader): void {
  reader.sized();
  reader.sized();
  reader.u16();
  reader.u32();
  reader.sized();
}
