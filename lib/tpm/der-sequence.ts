const SEQUENCE = 0x30;

/**
 * Certificates (DER SEQUENCEs) that lie one behind the other, as a TPM's maker wrote them into an NV
 * index; what comes after them, such as padding, is left out.
 */
export function splitCertificates(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; ; ) {
    const length = sequenceLength(bytes, at);
    if (length === undefined || length > bytes.length - at) return found;
    found.push(bytes.subarray(at, at + length));
    at += length;
  }
}

/** Length of the SEQUENCE at an offset, its header included; undefined when there is none. */
function sequenceLength(bytes: Buffer, at: number): number | undefined {
  if (bytes[at] !== SEQUENCE) return undefined;
  const first = bytes[at + 1];
  if (first === undefined) return undefined;
  if (first < 0x80) return 2 + first;
  const size = first & 0x7f;
  if (size < 1 || size > 3 || at + 2 + size > bytes.length) return undefined;
  return 2 + size + bytes.readUIntBE(at + 2, size);
}
