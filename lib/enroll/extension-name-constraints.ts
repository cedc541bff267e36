import { arrayBuffer, asn1, der } from './asn1.js';
import type { GeneralName } from './general-name.js';
import { asn1GeneralName } from './general-name-der.js';

/** A name, or a network: the bytes of an address and of a mask. */
export type NameConstraint = GeneralName | { type: 'network'; value: Buffer };

/** DER of NameConstraints (RFC 5280, 4.2.1.10). */
export function nameConstraints(
  permitted: readonly NameConstraint[],
  excluded: readonly NameConstraint[],
): Buffer {
  const { NameConstraints } = asn1();
  return der(
    new NameConstraints({
      ...(permitted.length > 0 && { permittedSubtrees: subtrees(permitted) }),
      ...(excluded.length > 0 && { excludedSubtrees: subtrees(excluded) }),
    }),
  );
}

function subtrees(constraints: readonly NameConstraint[]) {
  const { GeneralSubtree, GeneralSubtrees } = asn1();
  return new GeneralSubtrees(
    constraints.map((constraint) => new GeneralSubtree({ base: base(constraint) })),
  );
}

function base(constraint: NameConstraint) {
  if (constraint.type !== 'network') return asn1GeneralName(constraint);
  const { AsnConvert, GeneralName, OctetString } = asn1();
  // The library writes masks as a prefix length only; an iPAddress is an OCTET STRING with tag [7].
  const encoded = Buffer.from(AsnConvert.serialize(new OctetString(arrayBuffer(constraint.value))));
  encoded[0] = 0x87;
  return AsnConvert.parse(encoded, GeneralName);
}
