import { bytesValue } from './inf-binary.js';
import { infError } from './inf-error.js';
import { alreadyThere, type InfSection } from './inf-syntax.js';
import type { WindowsSettings } from './windows-settings.js';

/** What [Properties] say of the certificate in Windows' store. */
export interface InfProperties {
  /** Property 11. */
  friendlyName: { value: string; line: number } | undefined;
  others: NonNullable<WindowsSettings['properties']>;
}

const FRIENDLY_NAME = 11;
const DESCRIPTION = 13;
/** Where the key is, and what else Windows itself notes there: handles, hashes, the request's. */
const WINDOWS_OWN = [1, 2, 3, 4, 5, 6, 14, 15, 16, 20, 24, 25, 78, 99];

/** Reads [Properties]: `number = "{text}…"` for the texts, `Empty`, `{hex}` or base64 for others. */
export function readProperties({ entries }: InfSection): InfProperties {
  let friendlyName: InfProperties['friendlyName'];
  const lines = new Map<number, number>();
  const others: { id: number; value: Uint8Array }[] = [];
  for (const { key, value, line } of entries) {
    const id = /^[0-9]{1,5}$/.test(key) ? Number(key) : 0;
    if (id < 1 || id > 65_535) throw infError(line, 'a property has a number from 1 to 65535.');
    const earlier = lines.get(id);
    if (earlier !== undefined) throw alreadyThere(`property ${id}`, line, earlier);
    lines.set(id, line);
    if (WINDOWS_OWN.includes(id)) {
      throw infError(line, `property ${id} is set by Windows when the certificate is stored.`);
    }
    const text = /^\{text\}(.*)$/is.exec(value)?.[1];
    if (id === FRIENDLY_NAME) {
      if (text === undefined || text === '' || text.length > 256) {
        throw infError(line, 'the friendly name is {text} and 1 to 256 characters.');
      }
      friendlyName = { value: text, line };
    } else if (text !== undefined) others.push({ id, value: textProperty(id, text, line) });
    else
      others.push({
        id,
        value: /^empty$/i.test(value) ? Buffer.alloc(0) : bytesValue(value, line),
      });
  }
  return { friendlyName, others };
}

/** Windows has texts in UTF-16 with a final NUL. */
function textProperty(id: number, text: string, line: number): Buffer {
  if (id === DESCRIPTION) return Buffer.from(`${text}\0`, 'utf16le');
  throw infError(
    line,
    '{text} is understood for properties 11 and 13; write others as {hex} or base64.',
  );
}
