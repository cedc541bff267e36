import { certificatePolicies, type Policy } from './extension-policies.js';
import { infError } from './inf-error.js';
import { type ReadExtensionSection, unknownKey, withoutCritical } from './inf-extension-entries.js';
import { urlValue } from './inf-general-names.js';
import type { InfSection } from './inf-syntax.js';
import { oidValue, requireSingle, textValue } from './inf-values.js';

/** RFC 5280, 4.2.1.4. */
const MAX_NOTICE_LENGTH = 200;

/** `Policies` lists sections, each with the OID of a policy and what explains it. */
export function readPolicies(oid: string): ReadExtensionSection {
  return (section, extensions, other) => {
    const policies: Policy[] = [];
    for (const entry of withoutCritical(section, oid, extensions)) {
      if (entry.key.toLowerCase() !== 'policies') {
        throw unknownKey(section, entry, 'Policies, Critical');
      }
      for (const name of entry.fields) policies.push(readPolicy(other(name, entry.line)));
    }
    const [first] = policies;
    if (first) extensions.addDer(oid, section.line, certificatePolicies(policies));
  };
}

function readPolicy(section: InfSection): Policy {
  const policy: Policy = { oid: '', urls: [], notices: [] };
  for (const entry of section.entries) {
    requireSingle(entry);
    switch (entry.key.toLowerCase()) {
      case 'oid':
        if (policy.oid !== '') throw infError(entry.line, 'a policy has one OID.');
        policy.oid = oidValue(entry.value, entry.line);
        break;
      case 'url':
        policy.urls.push(String(urlValue(entry.value, entry.line).value));
        break;
      case 'notice':
        policy.notices.push(textValue(entry, MAX_NOTICE_LENGTH));
        break;
      default:
        throw unknownKey(section, entry, 'OID, URL, Notice');
    }
  }
  if (policy.oid === '') throw infError(section.line, `the policy [${section.name}] has no OID.`);
  return policy;
}
