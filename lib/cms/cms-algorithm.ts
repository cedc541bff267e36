import { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import type { SignatureAlgorithmEntry } from '../algorithms.js';
import { x509 } from '../enroll/x509.js';

const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';

/** The two algorithms as a SignerInfo names them. */
export interface CmsAlgorithmIdentifiers {
  digestAlgorithm: AlgorithmIdentifier;
  signatureAlgorithm: AlgorithmIdentifier;
}

/**
 * The algorithms' identifiers. Of RSA PKCS #1 v1.5 the one that every reader must know, which leaves
 * the hash to the digest's (RFC 3370, section 3.2); PSS by RFC 4056, ECDSA and SHA-2 by RFC 5754.
 */
export function cmsAlgorithmIdentifiers({
  scheme,
  digestLength,
}: SignatureAlgorithmEntry): CmsAlgorithmIdentifiers {
  const { AlgorithmProvider } = x509();
  const provider = new AlgorithmProvider();
  const hash = { name: scheme.hash.replace('SHA', 'SHA-') };
  const digestAlgorithm = provider.toAsnAlgorithm(hash);
  if (scheme.type === 'pkcs1') {
    const signatureAlgorithm = new AlgorithmIdentifier({
      algorithm: RSA_ENCRYPTION,
      parameters: null,
    });
    return { digestAlgorithm, signatureAlgorithm };
  }
  const name = scheme.type === 'pss' ? 'RSA-PSS' : 'ECDSA';
  const signature = { name, hash, saltLength: digestLength };
  return { digestAlgorithm, signatureAlgorithm: provider.toAsnAlgorithm(signature) };
}
