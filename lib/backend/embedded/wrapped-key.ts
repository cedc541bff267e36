import { VirtualSmartCardError } from '../../errors.js';
import type { WrappedObject } from '../../tpm/tpm.js';

/** A wrapped key as one byte string: TPM2B_PUBLIC, then TPM2B_PRIVATE ("TPM 2.0 Library, Part 2"). */
export function encodeKeyBlob({ publicArea, privateArea }: WrappedObject): Buffer {
  return Buffer.concat([size(publicArea), publicArea, size(privateArea), privateArea]);
}

/** The inverse of {@link encodeKeyBlob}. */
export function decodeKeyBlob(blob: Uint8Array): WrappedObject {
  const bytes = Buffer.from(blob);
  const publicEnd = bytes.length < 2 ? Number.NaN : 2 + bytes.readUInt16BE(0);
  const privateStart = publicEnd + 2;
  if (
    !(privateStart <= bytes.length) ||
    privateStart + bytes.readUInt16BE(publicEnd) !== bytes.length
  ) {
    throw new VirtualSmartCardError('ERR_STATE_CORRUPT', 'A key of the card is damaged.');
  }
  return {
    publicArea: bytes.subarray(2, publicEnd),
    privateArea: bytes.subarray(privateStart),
  };
}

function size(area: Buffer): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(area.length);
  return prefix;
}
