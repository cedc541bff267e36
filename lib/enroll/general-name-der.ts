import { isIP } from 'node:net';
import { encodeTlv } from '../gids/tlv.js';
import { arrayBuffer, asn1, der } from './asn1.js';
import { Tag, wholeTlv } from './der.js';
import { parseDistinguishedName } from './distinguished-name.js';
import type { GeneralName } from './general-name.js';

/** otherName of a user principal name: a UTF8String. */
const UPN_OID = '1.3.6.1.4.1.311.20.2.3';
/** otherName of a directory's object GUID: an OCTET STRING. */
const GUID_OID = '1.3.6.1.4.1.311.25.1';

const { UTF8_STRING, OCTET_STRING } = Tag;

type Asn1GeneralName = InstanceType<ReturnType<typeof asn1>['GeneralName']>;

/** A name as the library of RFC 5280's structures has it. */
export function asn1GeneralName(name: GeneralName): Asn1GeneralName {
  const { GeneralName: Name, OtherName, AsnConvert, Name: X500Name } = asn1();
  const other = (typeId: string, value: Uint8Array) =>
    new Name({ otherName: new OtherName({ typeId, value: arrayBuffer(value) }) });
  switch (name.type) {
    case 'dns':
      return new Name({ dNSName: name.value });
    case 'email':
      return new Name({ rfc822Name: name.value });
    case 'uri':
      return new Name({ uniformResourceIdentifier: name.value });
    case 'ip':
      return new Name({ iPAddress: canonicalIp(name.value) ?? name.value });
    case 'registeredId':
      return new Name({ registeredID: name.value });
    case 'directoryName':
      return new Name({
        directoryName: AsnConvert.parse(parseDistinguishedName(name.value).der, X500Name),
      });
    case 'upn':
      return other(UPN_OID, encodeTlv(UTF8_STRING, Buffer.from(name.value, 'utf8')));
    case 'guid':
      return other(GUID_OID, encodeTlv(OCTET_STRING, name.value));
    case 'otherName':
      return other(name.oid, name.value);
  }
}

/** DER of GeneralNames, the value of a SubjectAltName extension. */
export function encodeGeneralNames(names: readonly GeneralName[]): Buffer {
  const { GeneralNames } = asn1();
  return der(new GeneralNames(names.map(asn1GeneralName)));
}

/** The names of DER; undefined where one is of a kind that {@link GeneralName} does not have. */
export function decodeGeneralNames(value: Uint8Array): GeneralName[] | undefined {
  const { AsnConvert, GeneralNames } = asn1();
  const names = [...AsnConvert.parse(value, GeneralNames)].map(generalNameOf);
  return names.every((name) => name !== undefined) ? names : undefined;
}

function generalNameOf(name: Asn1GeneralName): GeneralName | undefined {
  if (name.dNSName !== undefined) return { type: 'dns', value: name.dNSName };
  if (name.rfc822Name !== undefined) return { type: 'email', value: name.rfc822Name };
  if (name.uniformResourceIdentifier !== undefined) {
    return { type: 'uri', value: name.uniformResourceIdentifier };
  }
  if (name.iPAddress !== undefined) {
    const value = canonicalIp(name.iPAddress);
    return value === undefined ? undefined : { type: 'ip', value };
  }
  if (name.registeredID !== undefined) return { type: 'registeredId', value: name.registeredID };
  if (!name.otherName) return undefined;
  return otherNameOf(name.otherName.typeId, Buffer.from(name.otherName.value));
}

/** An otherName by what it means; `value` is DER. */
export function otherNameOf(oid: string, value: Uint8Array): GeneralName {
  const known = oid === UPN_OID || oid === GUID_OID ? wholeTlv(value) : undefined;
  if (oid === UPN_OID && known?.tag === UTF8_STRING) {
    const text = Buffer.from(known.value).toString('utf8');
    if (Buffer.from(text, 'utf8').equals(known.value)) return { type: 'upn', value: text };
  }
  if (oid === GUID_OID && known?.tag === OCTET_STRING && known.value.length === 16) {
    return { type: 'guid', value: Buffer.from(known.value) };
  }
  return { type: 'otherName', oid, value: Buffer.from(value) };
}

/** An IP address in the one text form of its bytes (RFC 5952); undefined for what is none. */
export function canonicalIp(text: string): string | undefined {
  const version = text.includes('%') ? 0 : isIP(text);
  if (version === 4) return text;
  return version === 6 ? new URL(`http://[${text}]`).hostname.slice(1, -1) : undefined;
}
