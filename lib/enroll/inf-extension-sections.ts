import { EXTENSION_OIDS } from './extension-oids.js';
import { policyConstraints, policyMappings } from './extension-policies.js';
import {
  accessDescriptions,
  crossCertificateDistributionPoints,
  distributionPoints,
} from './extension-urls.js';
import { infError } from './inf-error.js';
import { type ReadExtensionSection, unknownKey, withoutCritical } from './inf-extension-entries.js';
import type { InfExtensions } from './inf-extension-set.js';
import { urlValue } from './inf-general-names.js';
import { readNameConstraints } from './inf-name-constraints.js';
import { readPolicies } from './inf-policies.js';
import { type InfEntry, type InfSection, uniqueEntries } from './inf-syntax.js';
import { numberValue, oidValue, requireSingle, yesNoValue } from './inf-values.js';

/** The sections that make one extension each, by name. */
export const EXTENSION_SECTIONS: readonly (readonly [string, ReadExtensionSection])[] = [
  ['EnhancedKeyUsageExtension', readExtendedKeyUsage],
  ['BasicConstraintsExtension', readBasicConstraints],
  ['PolicyStatementExtension', readPolicies(EXTENSION_OIDS.certificatePolicies)],
  ['ApplicationPolicyStatementExtension', readPolicies(EXTENSION_OIDS.applicationPolicies)],
  ['PolicyMappingsExtension', readMappings(EXTENSION_OIDS.policyMappings)],
  ['ApplicationPolicyMappingsExtension', readMappings(EXTENSION_OIDS.applicationPolicyMappings)],
  ['PolicyConstraintsExtension', readPolicyConstraints(EXTENSION_OIDS.policyConstraints)],
  [
    'ApplicationPolicyConstraintsExtension',
    readPolicyConstraints(EXTENSION_OIDS.applicationPolicyConstraints),
  ],
  ['NameConstraintsExtension', readNameConstraints],
  ['CRLDistributionPoint', readUrls(EXTENSION_OIDS.cRLDistributionPoints, distributionPoints)],
  ['AuthorityInformationAccess', readUrls(EXTENSION_OIDS.authorityInfoAccess, accessDescriptions)],
  ['CrossCertificateDistributionPointsExtension', readCrossCertificates],
];

function readExtendedKeyUsage(section: InfSection, extensions: InfExtensions): void {
  const oid = EXTENSION_OIDS.extendedKeyUsage;
  const usages: string[] = [];
  for (const entry of withoutCritical(section, oid, extensions)) {
    if (entry.key.toLowerCase() !== 'oid') throw unknownKey(section, entry, 'OID, Critical');
    for (const field of entry.fields) usages.push(oidValue(field, entry.line));
  }
  if (usages.length > 0) extensions.addModelled(oid, section.line, { extendedKeyUsage: usages });
}

/** Only a CA's certificate has a reason for this section. */
function readBasicConstraints(section: InfSection, extensions: InfExtensions): void {
  if (section.entries.length === 0) return;
  const entries = uniqueEntries(section);
  const rest = withoutCritical(section, EXTENSION_OIDS.basicConstraints, extensions);
  for (const entry of rest) {
    if (entry.key.toLowerCase() !== 'pathlength') {
      throw unknownKey(section, entry, 'PathLength, Critical');
    }
  }
  const length = entries.get('pathlength');
  const pathLength = length && numberValue(length, 0, 255);
  extensions.addModelled(EXTENSION_OIDS.basicConstraints, section.line, {
    basicConstraints: { ca: true, pathLength },
  });
}

function readMappings(oid: string): ReadExtensionSection {
  return (section, extensions) => {
    const mappings = withoutCritical(section, oid, extensions).map((entry) => {
      requireSingle(entry);
      return {
        issuer: oidValue(entry.key, entry.line),
        subject: oidValue(entry.value, entry.line),
      };
    });
    if (mappings.length > 0) extensions.addDer(oid, section.line, policyMappings(mappings));
  };
}

function readPolicyConstraints(oid: string): ReadExtensionSection {
  return (section, extensions) => {
    if (section.entries.length === 0) return;
    const entries = uniqueEntries(section);
    for (const entry of withoutCritical(section, oid, extensions)) {
      if (/^(RequireExplicitPolicy|InhibitPolicyMapping)$/i.test(entry.key)) continue;
      throw unknownKey(section, entry, 'RequireExplicitPolicy, InhibitPolicyMapping, Critical');
    }
    const number = (key: string) => {
      const entry = entries.get(key);
      return entry && numberValue(entry, 0, 255);
    };
    const explicit = number('requireexplicitpolicy');
    const inhibit = number('inhibitpolicymapping');
    if (explicit === undefined && inhibit === undefined) {
      throw infError(
        section.line,
        `[${section.name}] has RequireExplicitPolicy or InhibitPolicyMapping.`,
      );
    }
    extensions.addDer(oid, section.line, policyConstraints(explicit, inhibit));
  };
}

function readUrls(oid: string, encode: (urls: string[]) => Buffer): ReadExtensionSection {
  return (section, extensions) => {
    const urls = urlsOf(section, withoutCritical(section, oid, extensions));
    if (urls.length > 0) extensions.addDer(oid, section.line, encode(urls));
  };
}

function readCrossCertificates(section: InfSection, extensions: InfExtensions): void {
  const oid = EXTENSION_OIDS.crossCertificateDistributionPoints;
  const entries = withoutCritical(section, oid, extensions);
  const deltas = entries.filter(({ key }) => key.toLowerCase() === 'syncdeltatime');
  const [delta, second] = deltas;
  if (second) throw infError(second.line, 'SyncDeltaTime comes once.');
  const rest = entries.filter((entry) => !deltas.includes(entry));
  const urls = urlsOf(section, rest, 'SyncDeltaTime, URL, Empty, Critical');
  if (urls.length === 0) {
    if (delta) throw infError(delta.line, 'SyncDeltaTime needs a URL.');
    return;
  }
  const seconds = delta && numberValue(delta, 0, 999_999_999);
  extensions.addDer(oid, section.line, crossCertificateDistributionPoints(seconds, urls));
}

/** The URLs of a section, unless it says Empty = TRUE: that there be no such extension. */
function urlsOf(section: InfSection, entries: InfEntry[], keys = 'URL, Empty, Critical'): string[] {
  const urls: string[] = [];
  let empty: InfEntry | undefined;
  for (const entry of entries) {
    const key = entry.key.toLowerCase();
    if (key === 'empty') {
      if (yesNoValue(entry)) empty = entry;
      continue;
    }
    if (key !== 'url') throw unknownKey(section, entry, keys);
    requireSingle(entry);
    urls.push(String(urlValue(entry.value, entry.line).value));
  }
  if (empty && urls.length > 0)
    throw infError(empty.line, 'Empty = TRUE and a URL exclude each other.');
  return urls;
}
