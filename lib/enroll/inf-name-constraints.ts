import { type NameConstraint, nameConstraints } from './extension-name-constraints.js';
import { EXTENSION_OIDS } from './extension-oids.js';
import { canonicalIp } from './general-name-der.js';
import { infError, shown } from './inf-error.js';
import { unknownKey, withoutCritical } from './inf-extension-entries.js';
import type { InfExtensions } from './inf-extension-set.js';
import { generalNameValue } from './inf-general-names.js';
import { type InfEntry, type InfSection, uniqueEntries } from './inf-syntax.js';
import { requireSingle, textValue } from './inf-values.js';

/** `Include` and `Exclude` name sections whose lines are the names that a CA may certify, or not. */
export function readNameConstraints(
  section: InfSection,
  extensions: InfExtensions,
  other: (name: string, line: number) => InfSection,
): void {
  if (section.entries.length === 0) return;
  const oid = EXTENSION_OIDS.nameConstraints;
  const entries = uniqueEntries(section);
  for (const entry of withoutCritical(section, oid, extensions)) {
    if (/^(include|exclude)$/i.test(entry.key)) continue;
    throw unknownKey(section, entry, 'Include, Exclude, Critical');
  }
  const subtrees = (key: string) => {
    const entry = entries.get(key);
    return (entry?.fields ?? []).flatMap((name) =>
      other(name, entry?.line ?? section.line).entries.map(readConstraint),
    );
  };
  const included = subtrees('include');
  const excluded = subtrees('exclude');
  if (included.length + excluded.length === 0) {
    throw infError(section.line, `[${section.name}] includes or excludes at least one name.`);
  }
  extensions.addDer(oid, section.line, nameConstraints(included, excluded));
}

/** Unlike a name itself, a host or address may be a domain, and an address has a mask. */
function readConstraint(entry: InfEntry): NameConstraint {
  const { key, line } = entry;
  if (key.toLowerCase() === 'ipaddress') return { type: 'network', value: networkValue(entry) };
  requireSingle(entry);
  const value = textValue(entry, 1024);
  switch (key.toLowerCase()) {
    case 'email':
    case 'url': {
      if (!/^[!-~]+$/.test(value))
        throw infError(line, `${key} is ASCII without blanks here, not ${shown(value)}.`);
      return { type: key.toLowerCase() === 'email' ? 'email' : 'uri', value };
    }
    case 'upn':
      return { type: 'upn', value };
    default:
      return generalNameValue(key, value, line);
  }
}

/** `IPAddress = 10.0.0.0, 255.0.0.0`: bytes of address and mask. */
function networkValue({ fields, line }: InfEntry): Buffer {
  const [address, mask] = fields.map(addressBytes);
  if (fields.length === 2 && address && mask && address.length === mask.length) {
    return Buffer.concat([address, mask]);
  }
  throw infError(line, 'IPAddress is an address and a mask here, such as 10.0.0.0, 255.0.0.0.');
}

function addressBytes(text: string): Buffer | undefined {
  const ip = canonicalIp(text);
  if (ip === undefined) return undefined;
  if (!ip.includes(':')) return Buffer.from(ip.split('.').map(Number));
  const [head = '', tail] = ip.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const groups = [
    ...head,
    ...Array(8 - head.length - (tail?.length ?? 0)).fill('0'),
    ...(tail ?? []),
  ];
  return Buffer.from(groups.map((group) => String(group).padStart(4, '0')).join(''), 'hex');
}
