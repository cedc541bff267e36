import { encodeTlv } from '../gids/tlv.js';
import { asn1, der } from './asn1.js';
import { asn1GeneralName, encodeGeneralNames } from './general-name-der.js';

const CA_ISSUERS = '1.3.6.1.5.5.7.48.2';
const SEQUENCE = 0x30;

/** DER of CRLDistributionPoints (RFC 5280, 4.2.1.13): one point, all URLs of which have the same list. */
export function distributionPoints(urls: string[]): Buffer {
  const { CRLDistributionPoints, DistributionPoint, DistributionPointName } = asn1();
  const fullName = urls.map(uri);
  return der(
    new CRLDistributionPoints([
      new DistributionPoint({ distributionPoint: new DistributionPointName({ fullName }) }),
    ]),
  );
}

/** DER of AuthorityInfoAccessSyntax (RFC 5280, 4.2.2.1) with the places of the CA's certificate. */
export function accessDescriptions(urls: string[]): Buffer {
  const { AccessDescription, AuthorityInfoAccessSyntax } = asn1();
  return der(
    new AuthorityInfoAccessSyntax(
      urls.map(
        (url) => new AccessDescription({ accessMethod: CA_ISSUERS, accessLocation: uri(url) }),
      ),
    ),
  );
}

/**
 * DER of Microsoft's CrossCertDistPointNames: how many seconds apart they are looked at, and GeneralNames
 * for each place.
 */
export function crossCertificateDistributionPoints(
  seconds: number | undefined,
  urls: string[],
): Buffer {
  const { AsnIntegerConverter } = asn1();
  const places = urls.map((value) => encodeGeneralNames([{ type: 'uri', value }]));
  const delta =
    seconds === undefined ? [] : [Buffer.from(AsnIntegerConverter.toASN(seconds).toBER())];
  return encodeTlv(SEQUENCE, ...delta, encodeTlv(SEQUENCE, ...places));
}

function uri(value: string) {
  return asn1GeneralName({ type: 'uri', value });
}
