import { infError } from './inf-error.js';
import type { InfExtensions } from './inf-extension-set.js';
import type { InfEntry, InfSection } from './inf-syntax.js';
import { yesNoValue } from './inf-values.js';

/** Reads one section into the extensions; `other` finds a section that it refers to. */
export type ReadExtensionSection = (
  section: InfSection,
  extensions: InfExtensions,
  other: (name: string, line: number) => InfSection,
) => void;

/** All entries but Critical, which is noted for the extension. */
export function withoutCritical(
  { entries }: InfSection,
  oid: string,
  extensions: InfExtensions,
): InfEntry[] {
  return entries.filter((entry) => {
    if (entry.key.toLowerCase() !== 'critical') return true;
    if (yesNoValue(entry)) extensions.addCritical(oid, entry.line);
    return false;
  });
}

/** The error of a key that a section does not have. */
export function unknownKey({ name }: InfSection, { key, line }: InfEntry, keys: string) {
  return infError(line, `${key} is not understood in [${name}]. Keys there: ${keys}.`);
}
