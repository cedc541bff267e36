import { encodeTlv } from '../gids/tlv.js';
import { wholeTlv } from './der.js';
import { infError, shown } from './inf-error.js';

/** More than any extension or property has, and no work to look into. */
const MAX_BYTES = 16_384;

const UTF8_STRING = 0x0c;
const OCTET_STRING = 0x04;

/**
 * The bytes that a value of the INF names: hexadecimal behind `{hex}`, else base64. Blanks have no
 * meaning.
 *
 * @throws VirtualSmartCardError `ERR_INF`
 */
export function bytesValue(value: string, line: number): Buffer {
  const hex = /^\{hex\}/i.test(value);
  const digits = (hex ? value.slice(5) : value).replaceAll(/[ \t]/g, '');
  if (digits.length > 2 * MAX_BYTES) throw infError(line, `more than ${MAX_BYTES} bytes.`);
  if (hex && digits.length % 2 === 0 && /^[0-9a-f]+$/i.test(digits)) {
    return Buffer.from(digits, 'hex');
  }
  if (!hex && digits.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(digits)) {
    const bytes = Buffer.from(digits, 'base64');
    if (bytes.toString('base64') === digits) return bytes;
  }
  const expected = hex ? 'pairs of hexadecimal digits behind {hex}' : 'base64, or {hex} and digits';
  throw infError(line, `expected ${expected}, not ${shown(value)}.`);
}

/**
 * DER that a value of the INF names: `{utf8}` and a text, `{octet}` and the bytes of an OCTET STRING,
 * `{asn}` and DER, or DER alone.
 *
 * @throws VirtualSmartCardError `ERR_INF`
 */
export function derValue(value: string, line: number): Buffer {
  const [, form, rest] = /^\{(utf8|octet|asn)\}(.*)$/is.exec(value) ?? [];
  if (form !== undefined && rest !== undefined) {
    if (/utf8/i.test(form)) return encodeTlv(UTF8_STRING, Buffer.from(rest, 'utf8'));
    if (/octet/i.test(form)) return encodeTlv(OCTET_STRING, bytesValue(rest, line));
  }
  const bytes = bytesValue(rest ?? value, line);
  if (wholeTlv(bytes)) return bytes;
  throw infError(line, 'these bytes are not DER: one tag, one length and what the length says.');
}
