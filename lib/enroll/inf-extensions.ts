import { encodeTlv } from '../gids/tlv.js';
import { EXTENSION_OIDS } from './extension-oids.js';
import { encodeGeneralNames } from './general-name-der.js';
import { derValue } from './inf-binary.js';
import { infError, shown } from './inf-error.js';
import type { InfExtensions } from './inf-extension-set.js';
import { generalNamesText } from './inf-general-names.js';
import { type InfEntry, type InfSection, lineAt } from './inf-syntax.js';
import { oidValue } from './inf-values.js';

const TEXT = '{text}';
const BMP_STRING = 0x1e;
/** An ASN.1 NULL: the extension says all by being there. */
const NULL = Buffer.from('0500', 'hex');

type ReadText = (entry: InfEntry, extensions: InfExtensions) => void;

/** What `{text}` means, by object identifier. */
const TEXTS = new Map<string, ReadText>([
  [
    EXTENSION_OIDS.subjectAltName,
    (entry, extensions) => {
      const subjectAlternativeNames = generalNamesText(entry, TEXT.length);
      extensions.addModelled(entry.key, entry.line, { subjectAlternativeNames });
    },
  ],
  [
    EXTENSION_OIDS.issuerAltName,
    (entry, extensions) => {
      const value = encodeGeneralNames(generalNamesText(entry, TEXT.length));
      extensions.addDer(entry.key, entry.line, value);
    },
  ],
  [
    EXTENSION_OIDS.extendedKeyUsage,
    (entry, extensions) => {
      extensions.addModelled(entry.key, entry.line, { extendedKeyUsage: usagesText(entry) });
    },
  ],
  [
    EXTENSION_OIDS.basicConstraints,
    (entry, extensions) => {
      const basicConstraints = basicConstraintsText(entry);
      extensions.addModelled(entry.key, entry.line, { basicConstraints });
    },
  ],
  [
    EXTENSION_OIDS.certificateTemplateName,
    (entry, extensions) => {
      extensions.addDer(entry.key, entry.line, templateNameText(entry));
    },
  ],
]);

/** Reads [Extensions]: extensions by object identifier, and which of all are critical. */
export function readExtensions(section: InfSection, extensions: InfExtensions): void {
  for (const entry of section.entries) {
    if (entry.key.toLowerCase() === 'critical') {
      for (const field of entry.fields) {
        for (const oid of listOf(field))
          extensions.addCritical(oidValue(oid, entry.line), entry.line);
      }
      continue;
    }
    const oid = oidValue(entry.key, entry.line);
    if (entry.value.toLowerCase().startsWith(TEXT)) addText(oid, entry, extensions);
    else if (/^empty$/i.test(entry.value)) addEmpty(oid, entry, extensions);
    else extensions.addDer(oid, entry.line, derValue(entry.value, entry.line));
  }
}

function addText(oid: string, entry: InfEntry, extensions: InfExtensions): void {
  const read = TEXTS.get(oid);
  if (!read) {
    throw infError(
      entry.line,
      `{text} is understood for ${[...TEXTS.keys()].join(', ')}. Write ${oid} as {hex} or base64 of its DER.`,
    );
  }
  read(entry, extensions);
}

function addEmpty(oid: string, { line }: InfEntry, extensions: InfExtensions): void {
  if (oid !== EXTENSION_OIDS.ocspNoCheck) {
    throw infError(
      line,
      `only ${EXTENSION_OIDS.ocspNoCheck} is Empty. Write {hex} or base64 of the DER.`,
    );
  }
  extensions.addDer(oid, line, NULL);
}

/** Object identifiers between commas, one of which may be the last. */
function usagesText(entry: InfEntry): string[] {
  let offset = TEXT.length;
  const usages: string[] = [];
  for (const part of entry.value.slice(TEXT.length).split(',')) {
    const last = offset + part.length === entry.value.length;
    if (part.trim() !== '' || !last) usages.push(oidValue(part.trim(), lineAt(entry, offset)));
    offset += part.length + 1;
  }
  if (usages.length > 0) return usages;
  throw infError(entry.line, 'there is no usage in it, such as 1.3.6.1.5.5.7.3.2.');
}

function basicConstraintsText({ value, line }: InfEntry): {
  ca: boolean;
  pathLength: number | undefined;
} {
  const parts = value.slice(TEXT.length).replace(/&\s*$/, '').split('&');
  let ca: boolean | undefined;
  let pathLength: number | undefined;
  for (const part of parts.map((each) => each.trim().toLowerCase())) {
    const caWord = /^ca\s*=\s*(0|1|true|false)$/.exec(part)?.[1];
    const length = /^pathlength\s*=\s*([0-9]{1,3})$/.exec(part)?.[1];
    if (caWord !== undefined && ca === undefined) ca = caWord === '1' || caWord === 'true';
    else if (length !== undefined && pathLength === undefined && Number(length) <= 255) {
      pathLength = Number(length);
    } else
      throw infError(
        line,
        `expected ca=0 or ca=1 and pathlength=0 to 255, each once, not ${shown(part)}.`,
      );
  }
  return { ca: ca ?? false, pathLength };
}

function templateNameText({ value, line }: InfEntry): Buffer {
  const name = value.slice(TEXT.length).trim();
  if (name === '' || name.length > 256)
    throw infError(line, 'a template name has 1 to 256 characters.');
  return encodeTlv(BMP_STRING, Buffer.from(name, 'utf16le').swap16());
}

function listOf(field: string): string[] {
  return field.split(',').map((part) => part.trim());
}
