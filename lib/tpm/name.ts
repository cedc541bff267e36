import { createHash } from 'node:crypto';
import { TPM_ALG_SHA256 } from './constants.js';
import { TpmWriter, u32 } from './writer.js';

/** Public area of an NV index whose nameAlg is SHA-256 (TPMS_NV_PUBLIC, Part 2, 13.5). */
export interface NvPublic {
  /** Handle, 0x01…… */
  index: number;
  /** TPMA_NV; TPMA_NV_WRITTEN counts too, so the Name changes with the first write. */
  attributes: number;
  authPolicy: Uint8Array;
  dataSize: number;
}

/** TPMS_NV_PUBLIC as bytes. */
export function encodeNvPublic({ index, attributes, authPolicy, dataSize }: NvPublic): Buffer {
  return new TpmWriter(64)
    .u32(index)
    .u16(TPM_ALG_SHA256)
    .u32(attributes)
    .sized(authPolicy)
    .u16(dataSize).bytes;
}

/** Name of an NV index: nameAlg ‖ SHA-256 of its public area (Part 1, 16). */
export function nvName(nvPublic: NvPublic): Buffer {
  return sha256Name(encodeNvPublic(nvPublic));
}

/** Name of an object whose nameAlg is SHA-256, from its TPMT_PUBLIC. */
export function objectName(publicArea: Uint8Array): Buffer {
  return sha256Name(publicArea);
}

/** Name of what has no public area (hierarchies, sessions): its handle. */
export function handleName(handle: number): Buffer {
  return u32(handle);
}

/** Qualified Name of an object: its Name together with those of all above it (Part 1, 26.5). */
export function qualifiedName(parent: Uint8Array, name: Uint8Array): Buffer {
  return sha256Name(Buffer.concat([parent, name]));
}

function sha256Name(publicArea: Uint8Array): Buffer {
  const digest = createHash('sha256').update(publicArea).digest();
  return new TpmWriter(34).u16(TPM_ALG_SHA256).raw(digest).bytes;
}
