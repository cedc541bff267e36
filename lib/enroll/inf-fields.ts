import { infError } from './inf-error.js';

/** One of the values behind `key =`, which commas separate. */
export interface InfField {
  text: string;
  quoted: boolean;
}

/** What a line says behind `key =`; all that a line says which continues another. */
export interface InfFields {
  fields: InfField[];
  /** How the line ends: a backslash means that the next line goes on, behind a comma or within a value. */
  end: 'end' | 'continued' | 'continued after comma';
}

/**
 * Reads values up to the end of the line or a comment. A value is in quotes, where a doubled quote
 * stands for one, or without: then it ends at a comma or a semicolon.
 *
 * @throws VirtualSmartCardError `ERR_INF`
 */
export function scanFields(rest: string, line: number): InfFields {
  const fields: InfField[] = [];
  let offset = 0;
  for (;;) {
    offset = skipBlanks(rest, offset);
    const quoted = rest[offset] === '"';
    const field = quoted ? quotedField(rest, offset, line) : plainField(rest, offset, line);
    if (quoted || field.text !== '') fields.push({ text: field.text, quoted });
    else if (!field.continued) throw infError(line, 'the value is missing.');
    if (field.continued) {
      const afterComma = !quoted && field.text === '' && fields.length > 0;
      return { fields, end: afterComma ? 'continued after comma' : 'continued' };
    }
    if (rest[field.end] !== ',') return { fields, end: 'end' };
    offset = field.end + 1;
  }
}

interface Scanned {
  text: string;
  /** Where what follows begins: a comma, a comment or nothing. */
  end: number;
  continued: boolean;
}

function quotedField(rest: string, start: number, line: number): Scanned {
  let close = rest.indexOf('"', start + 1);
  while (close !== -1 && rest[close + 1] === '"') close = rest.indexOf('"', close + 2);
  if (close === -1) throw infError(line, 'the closing quote is missing.');
  const text = rest.slice(start + 1, close).replaceAll('""', '"');
  const end = skipBlanks(rest, close + 1);
  if (isEnd(rest, end) || rest[end] === ',') return { text, end, continued: false };
  if (rest[end] === '\\' && isEnd(rest, skipBlanks(rest, end + 1))) {
    return { text, end, continued: true };
  }
  throw infError(
    line,
    'there is something behind the closing quote. Inside, write "" for a quote.',
  );
}

function plainField(rest: string, start: number, line: number): Scanned {
  const found = /[,;"]/g;
  found.lastIndex = start;
  const end = found.exec(rest)?.index ?? rest.length;
  if (rest[end] === '"') throw infError(line, 'put a value with a quote in quotes.');
  const text = rest.slice(start, end).trimEnd();
  if (!text.endsWith('\\')) return { text, end, continued: false };
  if (rest[end] === ',') throw infError(line, 'put a value with a final backslash in quotes.');
  return { text: text.slice(0, -1), end, continued: true };
}

function isEnd(rest: string, offset: number): boolean {
  return offset >= rest.length || rest[offset] === ';';
}

function skipBlanks(rest: string, offset: number): number {
  let next = offset;
  while (rest[next] === ' ' || rest[next] === '\t') next += 1;
  return next;
}
