/** A key and its value as an INF text has them, quotes included. */
export type InfLine = readonly [key: string, value: string];

/** Bytes on one line. */
const BYTES_PER_LINE = 32;

/** A value in quotes. */
export function quotedInf(value: string): string {
  return `"${value.replaceAll('%', '%%').replaceAll('"', '""')}"`;
}

/** A value in hexadecimal, on as many lines as it takes. */
export function hexLines(key: string, value: Uint8Array): InfLine[] {
  const bytes = Buffer.from(value);
  const lines: InfLine[] = [[key, '"{hex}"']];
  for (let offset = 0; offset < bytes.length; offset += BYTES_PER_LINE) {
    const digits = bytes.toString('hex', offset, Math.min(offset + BYTES_PER_LINE, bytes.length));
    lines.push(['_continue_', `"${digits.replaceAll(/..(?=.)/g, '$& ')}"`]);
  }
  return lines;
}
