/** A command before it is cut into APDUs. */
export interface Command {
  cla: number;
  ins: number;
  p1: number;
  p2: number;
  data: Uint8Array;
  /** Ne: 1 to 65536; undefined for a command without Le. */
  ne: number | undefined;
}

const NO_DATA = new Uint8Array(0);

/**
 * Takes an APDU apart by ISO/IEC 7816-3, 12.1; written for the fuzzer, apart from the library's parser,
 * which is under test. Gives undefined where the lengths do not fit.
 */
export function takeApart(apdu: Uint8Array): Command | undefined {
  const [cla, ins, p1, p2, first] = apdu;
  if (cla === undefined || ins === undefined || p1 === undefined || p2 === undefined) return;
  const header = { cla, ins, p1, p2 };
  const body = apdu.subarray(4);
  if (first === undefined) return { ...header, data: NO_DATA, ne: undefined };
  if (body.length === 1) return { ...header, data: NO_DATA, ne: first || 256 };
  const isExtended = first === 0;
  if (isExtended && body.length < 3) return;
  const nc = isExtended ? ((body[1] ?? 0) << 8) | (body[2] ?? 0) : first;
  const lengthBytes = isExtended ? 3 : 1;
  if (isExtended && body.length === 3) return { ...header, data: NO_DATA, ne: nc || 65536 };
  if (nc === 0) return;
  const data = body.subarray(lengthBytes, lengthBytes + nc);
  const rest = body.subarray(lengthBytes + nc);
  if (data.length < nc) return;
  if (rest.length === 0) return { ...header, data, ne: undefined };
  if (rest.length !== (isExtended ? 2 : 1)) return;
  const le = isExtended ? ((rest[0] ?? 0) << 8) | (rest[1] ?? 0) : rest[0];
  return { ...header, data, ne: le || (isExtended ? 65536 : 256) };
}

/** One APDU with that command, in extended form where it is asked for or needed. */
export function putTogether(command: Command, form: 'short' | 'extended' = 'short'): Buffer {
  const { cla, ins, p1, p2, data, ne } = command;
  const parts: Uint8Array[] = [Uint8Array.of(cla, ins, p1, p2)];
  const isExtended = form === 'extended' || data.length > 255 || (ne ?? 0) > 256;
  if (data.length > 0) {
    const { length } = data;
    parts.push(isExtended ? Uint8Array.of(0, length >> 8, length) : Uint8Array.of(length), data);
  }
  if (ne !== undefined) {
    if (!isExtended) parts.push(Uint8Array.of(ne));
    else parts.push(Uint8Array.of(...(data.length > 0 ? [] : [0]), ne >> 8, ne));
  }
  return Buffer.concat(parts);
}
