import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { canonicalIp } from './general-name-der.js';
import { parseInf } from './inf.js';
import { hexLines, type InfLine, quotedInf } from './inf-lines.js';
import { extensionLines } from './inf-writer-extensions.js';
import { requestLines, settingLines } from './inf-writer-keys.js';

/**
 * Writes a request as an INF text that {@link parseInf} reads as the same request (but for the line
 * numbers in it). Extensions that a request has no field for are written as `{hex}`, dates as
 * ISO 8601 in universal time, which Windows' certreq does not read.
 *
 * @param request - complete, as parseInf makes it
 * @returns lines that end in CR LF
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` for a request that no INF text means, such as
 * one with a line break in a name
 * @example
 * ```ts
 * const request = parseInf(await readFile('request.inf'));
 * await writeFile('copy.inf', formatInf({ ...request, container: 'Mail' }));
 * ```
 */
export function formatInf(request: EnrollmentRequest): string {
  if (typeof request !== 'object' || request === null) {
    throw invalidArgument('request', 'an EnrollmentRequest', describeType(request));
  }
  const text = textOf(request);
  checkMeaning(text, request);
  return text;
}

function textOf(request: EnrollmentRequest): string {
  try {
    return [
      ...section('Version', [['Signature', '"$Windows NT$"']]),
      ...section('NewRequest', [...requestLines(request), ...settingLines(request)]),
      ...section('Extensions', extensionLines(request)),
      ...section(
        'RequestAttributes',
        request.requestAttributes.map(({ name, value }) => [percent(name), quotedInf(value)]),
      ),
      ...section(
        'Properties',
        (request.windows?.properties ?? []).flatMap(({ id, value }): InfLine[] =>
          value.length === 0 ? [[String(id), 'Empty']] : hexLines(String(id), value),
        ),
      ),
    ].join('\r\n');
  } catch (cause) {
    // What the types forbid comes from plain JavaScript all the same, in any shape.
    throw cannotBeWritten(cause instanceof Error ? cause.message : 'It is not complete.', cause);
  }
}

/** A section that says nothing is left out. */
function section(name: string, lines: readonly InfLine[]): string[] {
  if (lines.length === 0) return [];
  return [`[${name}]`, ...lines.map(([key, value]) => `${key} = ${value}`), ''];
}

function percent(name: string): string {
  return name.replaceAll('%', '%%');
}

/** What is written must mean what it was written for; nothing is lost on the way. */
function checkMeaning(text: string, request: EnrollmentRequest): void {
  let meaning: EnrollmentRequest;
  try {
    meaning = parseInf(text);
  } catch (cause) {
    if (!VirtualSmartCardError.is(cause)) throw cause;
    throw cannotBeWritten(cause.message, cause);
  }
  const [written, wanted] = [comparable(meaning), comparable(request)];
  for (const field of new Set([...Object.keys(wanted), ...Object.keys(written)])) {
    if (written[field] === wanted[field]) continue;
    throw cannotBeWritten(`Its ${field} would be read as something else.`, undefined);
  }
}

function cannotBeWritten(why: string, cause: unknown): VirtualSmartCardError {
  const expected = 'a request that an INF text can have';
  return new VirtualSmartCardError('ERR_INVALID_ARGUMENT', `Expected ${expected}. ${why}`, {
    parameter: 'request',
    expected,
    actual: why,
    cause,
  });
}

/** Each field as text, without line numbers and without regard to the class of bytes. */
function comparable(request: EnrollmentRequest): Record<string, string> {
  const { readerName, critical, windows = {}, ...fields } = request;
  const all = {
    ...fields,
    ...windows,
    readerName: readerName?.value,
    critical: [...critical].sort(),
    keyUsage: [...request.keyUsage].sort(),
    validity: comparableValidity(request.validity),
    subjectAlternativeNames: request.subjectAlternativeNames.map((name) =>
      name.type === 'ip' ? { ...name, value: canonicalIp(name.value) } : name,
    ),
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, JSON.stringify(value, plain) ?? 'undefined']),
  );
}

/** The period counts only without an end. */
function comparableValidity({ notBefore, notAfter, period }: EnrollmentRequest['validity']) {
  return notAfter ? { notBefore, notAfter } : { notBefore, period };
}

/** JSON has no bytes. Node's own form of them differs between Buffer and Uint8Array. */
function plain(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  if (original instanceof Uint8Array) return Buffer.from(original).toString('hex');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
