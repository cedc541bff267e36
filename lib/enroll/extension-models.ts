import { decodeTlvs, TlvError } from '../gids/tlv.js';
import { asn1, der } from './asn1.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { EXTENSION_OIDS } from './extension-oids.js';
import { decodeGeneralNames, encodeGeneralNames } from './general-name-der.js';
import { keyUsageFlags, keyUsagesOf } from './key-usage.js';

/** The extensions that an {@link EnrollmentRequest} has fields for. */
export type ModelledExtensions = Partial<
  Pick<EnrollmentRequest, 'keyUsage' | 'extendedKeyUsage' | 'subjectAlternativeNames'> & {
    basicConstraints: NonNullable<EnrollmentRequest['basicConstraints']>;
  }
>;

interface Codec {
  decode: (value: Buffer) => ModelledExtensions | undefined;
  encode: (model: ModelledExtensions) => Buffer;
}

const CODECS = new Map<string, Codec>([
  [
    EXTENSION_OIDS.keyUsage,
    {
      decode: (value) => ({
        keyUsage: keyUsagesOf(asn1().AsnConvert.parse(value, asn1().KeyUsage).toNumber()),
      }),
      encode: ({ keyUsage = [] }) => der(new (asn1().KeyUsage)(keyUsageFlags(keyUsage))),
    },
  ],
  [
    EXTENSION_OIDS.extendedKeyUsage,
    {
      decode: (value) => ({
        extendedKeyUsage: [...asn1().AsnConvert.parse(value, asn1().ExtendedKeyUsage)],
      }),
      encode: ({ extendedKeyUsage = [] }) =>
        der(new (asn1().ExtendedKeyUsage)([...extendedKeyUsage])),
    },
  ],
  [
    EXTENSION_OIDS.subjectAltName,
    {
      decode: (value) => {
        const names = decodeGeneralNames(value);
        return names && { subjectAlternativeNames: names };
      },
      encode: ({ subjectAlternativeNames = [] }) => encodeGeneralNames(subjectAlternativeNames),
    },
  ],
  [
    EXTENSION_OIDS.basicConstraints,
    {
      decode: (value) => {
        const { cA, pathLenConstraint } = asn1().AsnConvert.parse(value, asn1().BasicConstraints);
        return { basicConstraints: { ca: cA, pathLength: pathLenConstraint } };
      },
      encode: ({ basicConstraints }) =>
        der(
          new (asn1().BasicConstraints)({
            cA: basicConstraints?.ca ?? false,
            ...(basicConstraints?.pathLength !== undefined && {
              pathLenConstraint: basicConstraints.pathLength,
            }),
          }),
        ),
    },
  ],
]);

/**
 * What an extension's DER says, for those that a request has a field for. Undefined for others, and
 * where the field would not give the same DER back, as for a kind of name that nobody has a word for.
 */
export function modelledExtension(oid: string, value: Buffer): ModelledExtensions | undefined {
  const codec = CODECS.get(oid);
  if (!codec || !isShallow(value, MAX_LEVELS)) return undefined;
  try {
    const model = codec.decode(value);
    return model && saysSomething(model) && codec.encode(model).equals(value) ? model : undefined;
  } catch {
    // The library throws plain errors of many kinds; all of them mean: not this extension's form.
    return undefined;
  }
}

/** The names of persons and machines nest to level 8. */
const MAX_LEVELS = 16;

/** Whether data objects nest no deeper than that: the library's time grows with the square of it. */
function isShallow(bytes: Uint8Array, levels: number): boolean {
  if (levels === 0) return false;
  try {
    return decodeTlvs(bytes).every(({ tag, value }) => {
      const isConstructed = (tag & 0x20) !== 0 && tag <= 0xff;
      return !isConstructed || isShallow(value, levels - 1);
    });
  } catch (error) {
    if (error instanceof TlvError) return false;
    throw error;
  }
}

/** An empty list means that there is no such extension. */
function saysSomething(model: ModelledExtensions): boolean {
  return Object.values(model).every((field) => !Array.isArray(field) || field.length > 0);
}
