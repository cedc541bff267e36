import { randomBytes } from 'node:crypto';
import { checkOptions } from '../arguments.js';
import { type CardSigner, signerKey } from '../card-signer.js';
import { describeType, invalidArgument } from '../errors.js';
import { CMS_OPTIONS, type CmsOptions, cmsHash, signCms } from './sign-cms.js';

/** Options of `signSmime`: those of `signCms`; the content is always detached there. */
export type SmimeOptions = Omit<CmsOptions, 'detached'>;

const SMIME_OPTIONS = CMS_OPTIONS.filter((name) => name !== 'detached');

/** A header's name and colon at the beginning, an empty line somewhere (RFC 5322, section 2.1). */
const HEADERS_AND_BODY = /^[!-9;-~]+:[\s\S]*?\r\n\r\n/;

/**
 * Signs a MIME entity as an S/MIME message, `multipart/signed` (RFC 8551, section 3.5.3). Headers of
 * the mail, such as From and Subject, are put before it by whoever sends it.
 *
 * @param entity - its headers, an empty line, its body. Line ends are made CR LF before signing; what
 * is not text has to be encoded, as base64 does.
 * @returns the message from `MIME-Version` on
 * @throws VirtualSmartCardError as `signCms`
 * @example
 * ```ts
 * const entity = 'Content-Type: text/plain; charset=us-ascii\r\n\r\nI owe you.\r\n';
 * await writeFile('mail.eml', await signSmime(certificate, entity, { pin }));
 * // openssl cms -verify -in mail.eml -CAfile ca.pem
 * ```
 */
export async function signSmime(
  signer: CardSigner,
  entity: string | Uint8Array,
  options: SmimeOptions = {},
): Promise<Buffer> {
  checkOptions(options, SMIME_OPTIONS);
  const { algorithm } = signerKey(signer);
  const signed = canonicalEntity(entity);
  const { der } = await signCms(signer, signed, options);
  const micalg = cmsHash(options.hash, algorithm).toLowerCase().replace('sha', 'sha-');
  const boundary = `signed-${randomBytes(16).toString('hex')}`;
  const type = `multipart/signed; protocol="application/pkcs7-signature";\r\n micalg=${micalg}; boundary="${boundary}"`;
  return Buffer.concat([
    Buffer.from(`MIME-Version: 1.0\r\nContent-Type: ${type}\r\n\r\n--${boundary}\r\n`),
    signed,
    Buffer.from(`\r\n--${boundary}\r\n${signaturePart(der)}\r\n--${boundary}--\r\n`),
  ]);
}

function canonicalEntity(entity: unknown): Buffer {
  if (typeof entity !== 'string' && !(entity instanceof Uint8Array)) {
    throw invalidArgument('entity', 'a string or a Uint8Array', describeType(entity));
  }
  // As latin1 each byte is one character, whatever the text is in.
  const text = Buffer.from(entity).toString('latin1');
  const canonical = text.replace(/\r\n|\r|\n/g, '\r\n');
  if (HEADERS_AND_BODY.test(canonical)) return Buffer.from(canonical, 'latin1');
  const expected = 'a MIME entity: headers, an empty line, a body';
  throw invalidArgument('entity', expected, 'something else');
}

function signaturePart(der: Buffer): string {
  const headers = [
    'Content-Type: application/pkcs7-signature; name="smime.p7s"',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment; filename="smime.p7s"',
  ];
  return [...headers, '', ...(der.toString('base64').match(/.{1,76}/g) ?? [])].join('\r\n');
}
