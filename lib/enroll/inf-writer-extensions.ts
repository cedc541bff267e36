import type { EnrollmentRequest } from './enrollment-request.js';
import { EXTENSION_OIDS } from './extension-oids.js';
import type { GeneralName } from './general-name.js';
import { encodeGeneralNames } from './general-name-der.js';
import { guidText } from './inf-general-names.js';
import { hexLines, type InfLine, quotedInf } from './inf-lines.js';

const TEXT = '"{text}"';
const CONTINUE = '_continue_';

/** The lines of [Extensions]. */
export function extensionLines(request: EnrollmentRequest): InfLine[] {
  const critical = [
    ...request.critical,
    ...request.extensions.filter((each) => each.critical).map(({ oid }) => oid),
  ];
  return [
    ...nameLines(request.subjectAlternativeNames),
    ...usageLines(request.extendedKeyUsage),
    ...basicConstraintsLines(request.basicConstraints),
    ...request.extensions.flatMap(({ oid, value }) => hexLines(oid, value)),
    ...(critical.length > 0 ? [['Critical', critical.join(', ')] as const] : []),
  ];
}

function nameLines(names: readonly GeneralName[]): InfLine[] {
  if (names.length === 0) return [];
  const oid = EXTENSION_OIDS.subjectAltName;
  const texts = names.map(nameText);
  // Windows separates names at each &. Its text has no way to write one, its DER has.
  const directory = names.some(({ type }) => type === 'directoryName');
  if (!directory && texts.some(([, value]) => needsQuotes(value))) {
    return hexLines(oid, encodeGeneralNames(names));
  }
  return [
    [oid, TEXT],
    ...texts.map(([kind, value], index): InfLine => {
      const quoted = needsQuotes(value) ? `"${value.replaceAll('"', '""')}"` : value;
      return [CONTINUE, quotedInf(`${kind}=${quoted}${index < names.length - 1 ? '&' : ''}`)];
    }),
  ];
}

function needsQuotes(value: string): boolean {
  return /[&"]|^\s|\s$/.test(value);
}

/** The word that INF texts have for a kind of name, and the value. */
function nameText(name: GeneralName): [kind: string, value: string] {
  switch (name.type) {
    case 'dns':
      return ['DNS', name.value];
    case 'email':
      return ['EMail', name.value];
    case 'uri':
      return ['URL', name.value];
    case 'upn':
      return ['UPN', name.value];
    case 'ip':
      return ['IPAddress', name.value];
    case 'directoryName':
      return ['DirectoryName', name.value];
    case 'registeredId':
      return ['RegisteredId', name.value];
    case 'guid':
      return ['GUID', guidText(name.value)];
    case 'otherName':
      return [name.oid, `{hex}${Buffer.from(name.value).toString('hex')}`];
  }
}

function usageLines(usages: readonly string[]): InfLine[] {
  if (usages.length === 0) return [];
  return [
    [EXTENSION_OIDS.extendedKeyUsage, TEXT],
    ...usages.map((usage, index): InfLine => {
      return [CONTINUE, quotedInf(`${usage}${index < usages.length - 1 ? ',' : ''}`)];
    }),
  ];
}

function basicConstraintsLines(constraints: EnrollmentRequest['basicConstraints']): InfLine[] {
  if (!constraints) return [];
  const { ca, pathLength } = constraints;
  const length = pathLength === undefined ? '' : `&pathlength=${pathLength}`;
  return [[EXTENSION_OIDS.basicConstraints, quotedInf(`{text}ca=${ca ? 1 : 0}${length}`)]];
}
