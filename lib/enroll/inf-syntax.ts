import { infError, shown } from './inf-error.js';
import { type InfField, type InfFields, scanFields } from './inf-fields.js';
import { InfStrings } from './inf-strings.js';

export { infError } from './inf-error.js';

/** One `key = value` of an INF text, with the lines that continue it. */
export interface InfEntry {
  /** The key as written. */
  key: string;
  /** The values that commas separate outside of quotes; never empty. */
  fields: readonly string[];
  /** All of it: the fields, joined by commas. */
  value: string;
  /** Counted from 1. */
  line: number;
  /** Where in `value` what each line of the file gave begins, in order. */
  pieces: readonly { start: number; line: number }[];
}

/** A section: its entries in order. */
export interface InfSection {
  name: string;
  line: number;
  entries: InfEntry[];
}

/** Part of a value, as it stands on one line. */
interface RawPiece extends InfField {
  line: number;
  newField: boolean;
}

interface RawEntry {
  key: string;
  line: number;
  pieces: RawPiece[];
}

interface RawSection {
  name: string;
  line: number;
  entries: RawEntry[];
}

/**
 * Reads the sections of an INF text, by lower-case name. Names are compared without regard to case;
 * sections of one name are joined. A value goes on behind a backslash at the end of a line, and in
 * the key `_continue_`. `%name%` is replaced by the string of that name in [Strings].
 *
 * @throws VirtualSmartCardError `ERR_INF`
 */
export function readInfSections(text: string): Map<string, InfSection> {
  const raw = readLines(text);
  const strings = new InfStrings();
  for (const { key, pieces, line } of raw.get('strings')?.entries ?? []) {
    strings.add(key, pieces.map((piece) => piece.text).join(''), line);
  }
  strings.checkNesting();
  const sections = new Map<string, InfSection>();
  for (const [lowerCaseName, { name, line, entries }] of raw) {
    if (lowerCaseName === 'strings') continue;
    sections.set(lowerCaseName, {
      name,
      line,
      entries: entries.map((entry) => complete(entry, strings)),
    });
  }
  return sections;
}

/** The line that gave what stands at an offset of the value. */
export function lineAt({ pieces, line }: InfEntry, offset: number): number {
  return pieces.findLast(({ start }) => start <= offset)?.line ?? line;
}

/**
 * The entries by lower-case key, where each key may come once.
 *
 * @throws VirtualSmartCardError `ERR_INF`
 */
export function uniqueEntries({ entries }: InfSection): Map<string, InfEntry> {
  const unique = new Map<string, InfEntry>();
  for (const entry of entries) {
    const earlier = unique.get(entry.key.toLowerCase());
    if (earlier) throw alreadyThere(entry.key, entry.line, earlier.line);
    unique.set(entry.key.toLowerCase(), entry);
  }
  return unique;
}

/** The error of what the INF says twice. */
export function alreadyThere(what: string, line: number, earlier: number) {
  return infError(line, `${what} is there already, on line ${earlier}. Remove one.`);
}

/** Sections of the text as it stands. */
function readLines(text: string): Map<string, RawSection> {
  const sections = new Map<string, RawSection>();
  let section: RawSection | undefined;
  let entry: RawEntry | undefined;
  let open: { line: number; end: InfFields['end'] } | undefined;
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = index + 1;
    const content = raw.trim();
    rejectControlCharacters(content, line);
    if (open && entry) {
      const { fields, end } = continuation(content, line, open.line);
      append(entry, fields, line, open.end === 'continued after comma');
      open = end === 'end' ? undefined : { line, end };
    } else if (content.startsWith('[')) {
      const name = sectionName(content, line);
      section = sections.get(name.toLowerCase()) ?? { name, line, entries: [] };
      sections.set(name.toLowerCase(), section);
      entry = undefined;
    } else if (content !== '' && !content.startsWith(';')) {
      if (!section) throw infError(line, 'this comes before any [section].');
      const { key, fields, end } = readEntry(content, line);
      if (/^(_continue_|continue)$/i.test(key)) {
        if (!entry) throw infError(line, 'there is nothing before it in its section to continue.');
        joinPiece(entry, fields, line);
      } else {
        entry = { key, line, pieces: [] };
        section.entries.push(entry);
        append(entry, fields, line, true);
      }
      open = end === 'end' ? undefined : { line, end };
    }
  }
  if (open) throw nothingFollows(open.line);
  return sections;
}

/** What a line says that a backslash at the end of the one before announces. */
function continuation(content: string, line: number, before: number): InfFields {
  if (content === '' || /^[;[]/.test(content)) throw nothingFollows(before);
  if (/^[A-Za-z_]\w*\s*=\s*[^=\s]/.test(content)) {
    throw infError(
      before,
      'the backslash at its end would make the next "key = value" part of this value. Put a value with a final backslash in quotes.',
    );
  }
  return scanFields(content, line);
}

function nothingFollows(line: number) {
  return infError(
    line,
    'nothing follows the backslash at its end. Put a value with a final backslash in quotes.',
  );
}

function append(entry: RawEntry, fields: InfField[], line: number, afterComma: boolean): void {
  const [first] = fields;
  const last = entry.pieces.at(-1);
  if (first && last && !afterComma && (first.quoted || last.quoted)) {
    throw infError(line, 'a value in quotes goes on with _continue_ = "…", or behind a comma.');
  }
  for (const [index, field] of fields.entries()) {
    const newField = index > 0 || afterComma || entry.pieces.length === 0;
    entry.pieces.push({ ...field, line, newField });
  }
}

/** `_continue_` goes on with the value, quoted or not. */
function joinPiece(entry: RawEntry, fields: InfField[], line: number): void {
  for (const [index, field] of fields.entries()) {
    entry.pieces.push({ ...field, line, newField: index > 0 });
  }
}

function complete({ key, line, pieces: raw }: RawEntry, strings: InfStrings): InfEntry {
  const parts: string[] = [];
  const pieces: { start: number; line: number }[] = [];
  const fieldStarts: number[] = [];
  let length = 0;
  for (const piece of raw) {
    const comma = piece.newField && parts.length > 0;
    if (comma) parts.push(',');
    length += comma ? 1 : 0;
    if (piece.newField || parts.length === 0) fieldStarts.push(length);
    const text = strings.replaceIn(piece.text, piece.line);
    pieces.push({ start: length, line: piece.line });
    parts.push(text);
    length += text.length;
  }
  const value = parts.join('');
  const fields = fieldStarts.map((start, index) => {
    const next = fieldStarts[index + 1];
    return value.slice(start, next === undefined ? undefined : next - 1);
  });
  return { key: strings.replaceIn(key, line), fields, value, line, pieces };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\ufffe\uffff]/;

function rejectControlCharacters(content: string, line: number): void {
  if (!CONTROL_CHARACTERS.test(content) && !/\p{Surrogate}/u.test(content)) return;
  throw infError(line, 'there is a character in it that is not text. Is the file really an INF?');
}

function sectionName(content: string, line: number): string {
  const close = content.indexOf(']');
  const name = content.slice(1, close).trim();
  const rest = content.slice(close + 1).trimStart();
  if (close > 0 && name !== '' && !name.includes('[') && /^(;|$)/.test(rest)) return name;
  throw infError(line, 'a section is written [Name], alone on its line.');
}

function readEntry(content: string, line: number): InfFields & { key: string } {
  const equals = content.indexOf('=');
  const key = content.slice(0, Math.max(equals, 0)).trim();
  if (key === '' || /[;"]/.test(key)) {
    throw infError(line, 'expected "key = value", a [section] or a ; comment.');
  }
  if (key.length > 256) throw infError(line, `the key ${shown(key)} is too long.`);
  return { key, ...scanFields(content.slice(equals + 1), line) };
}
