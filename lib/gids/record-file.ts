/**
 * A file of records without the empty ones at its end. OpenSC counts the records of the container map
 * and shows each as a key, one that is empty as a key without a name.
 *
 * @param start - bytes before the first record
 */
export function withoutEmptyEnd(bytes: Buffer, start: number, recordLength: number): Buffer {
  let end = bytes.length;
  while (end - recordLength >= start && isEmpty(bytes.subarray(end - recordLength, end))) {
    end -= recordLength;
  }
  return bytes.subarray(0, end);
}

function isEmpty(record: Uint8Array): boolean {
  return record.every((byte) => byte === 0);
}
