import { createHash, type X509Certificate } from 'node:crypto';
import { type SignatureAlgorithm, signatureAlgorithm } from '../algorithms.js';
import { signedAttributes } from '../cms/signed-attributes.js';
import { signedDataDer } from '../cms/signed-data.js';
import { ecdsaSignatureToDer } from '../ecdsa-signature.js';
import { type Signer, webAlgorithm } from './card-crypto.js';
import { x509 } from './x509.js';

/** Who signs, and how who reads it finds the public key. */
export interface SignedDataSigner {
  signer: Signer;
  algorithm: SignatureAlgorithm;
  /** The signer's certificate, which comes along; or the identifier of a key that has none yet. */
  identity: X509Certificate | { keyIdentifier: Uint8Array };
}

/** DER of a ContentInfo with signed data (RFC 5652, 5) of one signer, the content within it. */
export async function signData(
  content: { type: string; der: Uint8Array },
  { signer, algorithm, identity }: SignedDataSigner,
): Promise<Buffer> {
  const { hash } = signatureAlgorithm(algorithm, signer.algorithm);
  const digest = createHash(hash).update(content.der).digest();
  const attributes = signedAttributes(content.type, digest);
  const provider = new (x509().AlgorithmProvider)();
  return signedDataDer({
    content: content.der,
    digestAlgorithm: provider.toAsnAlgorithm({ name: hash.replace('sha', 'SHA-') }),
    attributes,
    signatureAlgorithm: provider.toAsnAlgorithm(webAlgorithm(algorithm, signer.algorithm)),
    signature: await signatureOf(signer, algorithm, attributes.der),
    signer: identity,
    chain: [],
  });
}

async function signatureOf(signer: Signer, algorithm: SignatureAlgorithm, data: Uint8Array) {
  const signature = await signer.sign(algorithm, data);
  return algorithm.startsWith('ECDSA') ? ecdsaSignatureToDer(signature) : signature;
}
