import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';

/** In bytes of a file, or UTF-16 units of a text. No INF of a certificate request comes near it. */
export const MAX_INF_LENGTH = 262_144;

/**
 * The text of an INF, without its byte order mark. Bytes are UTF-16 or UTF-8 by their byte order
 * mark; without one they are UTF-8, or else the ANSI code page of Western Windows, windows-1252.
 *
 * @throws VirtualSmartCardError `ERR_INF`, `ERR_INVALID_ARGUMENT`
 */
export function infText(inf: string | Uint8Array): string {
  if (typeof inf !== 'string' && !(inf instanceof Uint8Array)) {
    throw invalidArgument('inf', 'a string or a Uint8Array', describeType(inf));
  }
  if (inf.length > MAX_INF_LENGTH) {
    const unit = typeof inf === 'string' ? 'characters' : 'bytes';
    throw invalidArgument('inf', `at most ${MAX_INF_LENGTH} ${unit}`, String(inf.length));
  }
  return (typeof inf === 'string' ? inf : decode(inf)).replace(/^\ufeff/, '');
}

function decode(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes);
  if (encoding === undefined) return decodeAs('utf-8', bytes) ?? decodeAnsi(bytes);
  const text = decodeAs(encoding, bytes);
  if (text !== undefined) return text;
  throw new VirtualSmartCardError(
    'ERR_INF',
    `The INF begins with the byte order mark of ${encoding.toUpperCase()}, but its bytes are not that. Save it as UTF-8.`,
  );
}

/** What the byte order mark says. */
function encodingOf([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return first === 0xef && second === 0xbb && third === 0xbf ? 'utf-8' : undefined;
}

/** Undefined for bytes that are not of that encoding. */
function decodeAs(encoding: string, bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The characters of windows-1252 from 0x80 to 0x9f; all others are those of Latin-1. */
const ANSI_80_9F = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** By hand: TextDecoder of several Node.js releases takes windows-1252 for Latin-1. */
function decodeAnsi(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('latin1')
    .replaceAll(/[\u0080-\u009f]/g, (character) =>
      ANSI_80_9F.charAt(character.charCodeAt(0) - 0x80),
    );
}
