import { AsnConvert } from '@peculiar/asn1-schema';
import { GeneralName as AsnName, GeneralNames, Name, OtherName } from '@peculiar/asn1-x509';
import { octetString, utf8String } from './der.js';
import { parseDistinguishedName } from './distinguished-name.js';
import type { GeneralName } from './general-name.js';

/** szOID_NT_PRINCIPAL_NAME: what Windows logs on by. */
const UPN = '1.3.6.1.4.1.311.20.2.3';
/** szOID_NTDS_REPLICATION: the object GUID of a directory's entry. */
const GUID = '1.3.6.1.4.1.311.25.1';

/** DER of the value of a SubjectAltName extension (RFC 5280, 4.2.1.6). */
export function subjectAlternativeName(names: readonly GeneralName[]): Buffer {
  return Buffer.from(AsnConvert.serialize(new GeneralNames(names.map(asnName))));
}

function asnName(name: GeneralName): AsnName {
  switch (name.type) {
    case 'dns':
      return new AsnName({ dNSName: name.value });
    case 'email':
      return new AsnName({ rfc822Name: name.value });
    case 'uri':
      return new AsnName({ uniformResourceIdentifier: name.value });
    case 'ip':
      return new AsnName({ iPAddress: name.value });
    case 'registeredId':
      return new AsnName({ registeredID: name.value });
    case 'directoryName':
      return new AsnName({
        directoryName: AsnConvert.parse(parseDistinguishedName(name.value).der, Name),
      });
    case 'upn':
      return otherName(UPN, utf8String(name.value));
    case 'guid':
      return otherName(GUID, octetString(name.value));
    case 'otherName':
      return otherName(name.oid, name.value);
  }
}

function otherName(typeId: string, value: Uint8Array): AsnName {
  return new AsnName({
    otherName: new OtherName({ typeId, value: Uint8Array.from(value).buffer }),
  });
}
