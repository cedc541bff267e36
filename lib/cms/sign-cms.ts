import { keyType, type SignatureAlgorithm, signatureAlgorithm } from '../algorithms.js';
import { booleanOption, checkOptions, wordOption } from '../arguments.js';
import type { HashName, KeyAlgorithm } from '../backend/backend.js';
import {
  type CardSigner,
  chainCertificates,
  signerCertificate,
  signerKey,
} from '../card-signer.js';
import type { CertificateInput } from '../certificate-input.js';
import { PIN_OPTIONS, type PinOptions, withPin } from '../credentials.js';
import { describeType, invalidArgument } from '../errors.js';
import { abandonContent, type CmsContent, checkContent, readContent } from './content.js';

/** Options of `signCms`. */
export interface CmsOptions extends PinOptions {
  /** Whether the content stays outside of the message, which is then a signature only; default true. */
  detached?: boolean | undefined;
  /** Certificates of CAs that go into the message besides the signer's. */
  certificates?: readonly CertificateInput[] | undefined;
  /** When it was signed, as the signer says; default now, `false` to say nothing. */
  signingTime?: Date | false | undefined;
  /** Hash of content and attributes; default SHA256, with P-384 SHA384. */
  hash?: CmsHash | undefined;
  /** How an RSA key signs: `pkcs1` (default), which every reader knows, or `pss`. */
  padding?: 'pkcs1' | 'pss' | undefined;
}

/** A hash that a new signature may be made with. */
export type CmsHash = Exclude<HashName, 'SHA1'>;

/** A signed message (RFC 5652), also known as PKCS #7. */
export interface CmsMessage {
  /** DER, as of a `.p7s` or `.p7m` file. */
  der: Buffer;
  /** The same as PEM with the label `CMS` (RFC 7468, section 9), with a final line feed. */
  pem: string;
}

export const CMS_OPTIONS: readonly string[] = [
  ...PIN_OPTIONS,
  ...['detached', 'certificates', 'signingTime', 'hash', 'padding'],
];
const HASHES = ['SHA256', 'SHA384', 'SHA512'] as const;
const PADDINGS = ['pkcs1', 'pss'] as const;

/**
 * Signs a content as a CMS SignedData (RFC 5652), which S/MIME, `openssl cms` and every other reader
 * of PKCS #7 verifies. Signed are the content's digest, the time, and which certificate it is that
 * signs (signing-certificate-v2, RFC 5035).
 *
 * @param signer - the certificate that signs, or a key whose container holds one
 * @param content - bytes, a string taken as UTF-8, or a stream; a detached content is read piece by
 * piece and may be of any size; a stream of node:stream is destroyed when the call fails
 * @throws VirtualSmartCardError `ERR_CERTIFICATE_NOT_FOUND`, `ERR_CERTIFICATE_MISMATCH` (it is of
 * another key), `ERR_ALGORITHM_NOT_SUPPORTED` (not for this key), and as `key.sign`; a stream's own
 * error comes as it is
 * @example
 * ```ts
 * const { der } = await signCms(certificate, createReadStream('contract.pdf'), { pin });
 * await writeFile('contract.pdf.p7s', der);
 * // openssl cms -verify -binary -inform DER -in contract.pdf.p7s -content contract.pdf -CAfile ca.pem
 * ```
 */
export async function signCms(
  signer: CardSigner,
  content: CmsContent,
  options: CmsOptions = {},
): Promise<CmsMessage> {
  try {
    return await signContent(signer, content, options);
  } catch (error) {
    abandonContent(content);
    throw error;
  }
}

async function signContent(
  signer: CardSigner,
  content: CmsContent,
  options: CmsOptions,
): Promise<CmsMessage> {
  checkOptions(options, CMS_OPTIONS);
  const key = signerKey(signer);
  checkContent(content);
  const detached = booleanOption(options.detached, 'detached', true);
  const signingTime = checkedTime(options.signingTime);
  const chain = chainCertificates(options.certificates);
  const algorithm = algorithmName(options, key.algorithm);
  const entry = signatureAlgorithm(algorithm, key.algorithm);
  // A copy: what the caller does to theirs from now on changes nothing.
  const own = content instanceof Uint8Array ? Buffer.from(content) : content;

  return withPin(options, async (pin) => {
    const certificate = await signerCertificate(signer);
    const { signal } = options;
    const read = { hash: entry.hash, keep: !detached, signal };
    const { digest, bytes } = await readContent(own, read);
    const { cmsAlgorithmIdentifiers, messageAttributes, pemOf, signedDataDer } = await library();
    const attributes = messageAttributes(digest, certificate, signingTime);
    const signature = await key.sign(algorithm, attributes.der, pin);
    const der = signedDataDer({
      ...cmsAlgorithmIdentifiers(entry),
      content: bytes,
      attributes,
      signature,
      signer: certificate,
      chain,
    });
    return { der, pem: pemOf(der) };
  });
}

/** What needs ASN.1's libraries, which are loaded for the first message. */
async function library() {
  const [attributes, signedData, algorithms] = await Promise.all([
    import('./signed-attributes.js'),
    import('./signed-data.js'),
    import('./cms-algorithm.js'),
  ]);
  return { ...attributes, ...signedData, ...algorithms };
}

/** The hash that was asked for, or the one for keys of that kind. */
export function cmsHash(hash: unknown, key: KeyAlgorithm): CmsHash {
  return wordOption(hash, 'hash', HASHES, key === 'EC-P384' ? 'SHA384' : 'SHA256');
}

function algorithmName({ hash, padding }: CmsOptions, key: KeyAlgorithm): SignatureAlgorithm {
  const chosen = cmsHash(hash, key);
  if (keyType(key) === 'RSA') {
    const prefix = wordOption(padding, 'padding', PADDINGS, 'pkcs1') === 'pss' ? 'RSA-PSS' : 'RSA';
    return `${prefix}-${chosen}`;
  }
  if (padding === undefined) return `ECDSA-${chosen}`;
  throw invalidArgument('padding', 'none for an ECC key', describeType(padding));
}

function checkedTime(time: unknown): Date | undefined {
  if (time === false) return undefined;
  if (time === undefined) return new Date();
  const year = time instanceof Date ? time.getUTCFullYear() : Number.NaN;
  // What GeneralizedTime has room for.
  if (time instanceof Date && year >= 0 && year <= 9999) return new Date(time);
  const actual = time instanceof Date ? 'another one' : describeType(time);
  throw invalidArgument('signingTime', 'a date of the years 0 to 9999, or false', actual);
}
