import { VirtualSmartCardError } from '../errors.js';

/** One `key = value` line of an INF text. */
export interface InfEntry {
  /** The key as written. */
  key: string;
  /** The value without quotes, comment and surrounding blanks. */
  value: string;
  /** Counted from 1. */
  line: number;
}

/** A section: its entries by lower-case key. */
export interface InfSection {
  name: string;
  line: number;
  entries: Map<string, InfEntry>;
}

/** An `ERR_INF` at a line. */
export function infError(line: number, message: string): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_INF', `Line ${line} of the INF: ${message}`, { line });
}

/**
 * Reads the sections of an INF text. Names are compared without regard to case; sections of one
 * name are joined; a key that comes twice is an error.
 *
 * @throws VirtualSmartCardError `ERR_INF`
 */
export function readInfSections(text: string): Map<string, InfSection> {
  const sections = new Map<string, InfSection>();
  let current: InfSection | undefined;
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith(';')) continue;
    rejectControlCharacters(content, line);
    if (content.startsWith('[')) {
      const name = sectionName(content, line);
      current = sections.get(name.toLowerCase()) ?? { name, line, entries: new Map() };
      sections.set(name.toLowerCase(), current);
      continue;
    }
    if (!current) throw infError(line, 'this comes before any [section].');
    const entry = readEntry(content, line);
    const earlier = current.entries.get(entry.key.toLowerCase());
    if (earlier) {
      throw infError(line, `${entry.key} is there already, on line ${earlier.line}. Remove one.`);
    }
    current.entries.set(entry.key.toLowerCase(), entry);
  }
  return sections;
}

/**
 * Replaces `%name%` in the values of a section by the strings of that name, and `%%` by `%`.
 *
 * @throws VirtualSmartCardError `ERR_INF` for a name that [Strings] does not have
 */
export function substituteStrings(section: InfSection, strings: InfSection | undefined): void {
  for (const entry of section.entries.values()) {
    entry.value = entry.value.replace(/%([^%]*)(%|$)/g, (_whole, name: string, end: string) => {
      if (end === '') throw infError(entry.line, 'a % stands alone. Write %% for a percent sign.');
      if (name === '') return '%';
      const found = strings?.entries.get(name.toLowerCase());
      if (found) return found.value;
      throw infError(entry.line, `[Strings] has no "${name}". Write %% for a percent sign.`);
    });
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b-\u001f\u007f]/;

function rejectControlCharacters(content: string, line: number): void {
  if (!CONTROL_CHARACTERS.test(content) && !/\p{Surrogate}/u.test(content)) return;
  throw infError(line, 'there is a character in it that is not text. Is the file really an INF?');
}

function sectionName(content: string, line: number): string {
  const name = /^\[\s*([^\][]+?)\s*\]\s*(?:;.*)?$/.exec(content)?.[1];
  if (name !== undefined) return name;
  throw infError(line, 'a section is written [Name], alone on its line.');
}

function readEntry(content: string, line: number): InfEntry {
  const parts = /^([^=;"]+?)\s*=\s*(.*)$/.exec(content);
  const [, key, rest] = parts ?? [];
  if (key === undefined || rest === undefined) {
    throw infError(line, 'expected "key = value", a [section] or a ; comment.');
  }
  const value = rest.startsWith('"') ? quotedValue(rest, line) : plainValue(rest, line);
  return { key, value, line };
}

/** A value in quotes; a doubled quote inside stands for one. */
function quotedValue(rest: string, line: number): string {
  const parts = /^"((?:[^"]|"")*)"\s*(.*)$/.exec(rest);
  const [, inner, after] = parts ?? [];
  if (inner === undefined || after === undefined) {
    throw infError(line, 'the closing quote is missing.');
  }
  if (after !== '' && !after.startsWith(';')) {
    throw infError(
      line,
      'there is something behind the closing quote. Inside, write "" for a quote.',
    );
  }
  return inner.replaceAll('""', '"');
}

/** A value without quotes, which ends at a comment. */
function plainValue(rest: string, line: number): string {
  const value = (rest.split(';', 1)[0] ?? '').trim();
  if (value === '') throw infError(line, 'the value is missing.');
  if (/[",]/.test(value) || value.endsWith('\\')) {
    throw infError(line, 'put a value with a comma, a quote or a final backslash in quotes.');
  }
  return value;
}
