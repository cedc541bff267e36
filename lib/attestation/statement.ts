import { checkOptions } from '../arguments.js';
import { describeType, invalidArgument } from '../errors.js';
import type { Attestation } from '../tpm/attest.js';
import { TpmReader } from '../tpm/reader.js';
import { TpmWriter } from '../tpm/writer.js';

/**
 * What a card's TPM says of one of its keys, as JSON. Byte strings are base64; the structures are those
 * of "TPM 2.0 Library, Part 2". {@link verifyAttestation} tells what it proves.
 *
 * @example
 * ```ts
 * const statement: AttestationStatement = await key.attest({ nonce, pin });
 * await writeFile('statement.json', JSON.stringify(statement));
 * ```
 */
export interface AttestationStatement {
  /** Version of this form. */
  version: 1;
  /** TPMS_ATTEST of TPM2_Certify: what the TPM signed. */
  attested: string;
  /** TPMT_SIGNATURE over it by the attestation key. */
  signature: string;
  /** TPMT_PUBLIC of the card's key. */
  key: string;
  /** Name of the storage key that the card's key is kept under. */
  parentName: string;
  /** TPMT_PUBLIC of the attestation key. */
  attestationKey: string;
  /** TPMT_PUBLIC of the TPM's endorsement key. */
  endorsementKey: string;
  /** X.509, DER: the endorsement key's, then those of the authorities above it; often there is none. */
  certificates: string[];
}

const FIELDS = [
  'attested',
  'signature',
  'key',
  'parentName',
  'attestationKey',
  'endorsementKey',
] as const;

/** As many and as long as no TPM has them: a hostile statement costs no more than that. */
const MAX_CERTIFICATES = 16;
const MAX_STRUCTURE = 4096;
const MAX_CERTIFICATE = 16 * 1024;

/** The statement that a TPM's answer makes. */
export function toStatement(attestation: Attestation): AttestationStatement {
  const text = (bytes: Buffer) => bytes.toString('base64');
  return {
    version: 1,
    attested: text(attestation.attested),
    signature: text(attestation.signature),
    key: text(attestation.key),
    parentName: text(attestation.parentName),
    attestationKey: text(attestation.attestationKey),
    endorsementKey: text(attestation.endorsementKey),
    certificates: attestation.certificates.map(text),
  };
}

/** The inverse, of whatever comes. @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` */
export function fromStatement(statement: unknown): Attestation {
  checkOptions(statement, ['version', ...FIELDS, 'certificates'], 'statement');
  const given = statement as Readonly<Record<string, unknown>>;
  if (given['version'] !== 1) {
    throw invalidArgument('statement.version', '1', describeValue(given['version']));
  }
  const { certificates } = given;
  if (!Array.isArray(certificates) || certificates.length > MAX_CERTIFICATES) {
    const expected = `a list of at most ${MAX_CERTIFICATES}`;
    throw invalidArgument('statement.certificates', expected, describeType(certificates));
  }
  const field = (name: (typeof FIELDS)[number]) =>
    decodeBase64(given[name], `statement.${name}`, MAX_STRUCTURE);
  return {
    attested: field('attested'),
    signature: field('signature'),
    key: field('key'),
    parentName: field('parentName'),
    attestationKey: field('attestationKey'),
    endorsementKey: field('endorsementKey'),
    certificates: certificates.map((each, index) =>
      decodeBase64(each, `statement.certificates[${index}]`, MAX_CERTIFICATE),
    ),
  };
}

/** The form in which a card's answer has it: the fields in order, then the certificates, as TPM2Bs. */
export function encodeAttestation(attestation: Attestation): Buffer {
  const writer = new TpmWriter(4096);
  for (const name of FIELDS) writer.sized(attestation[name]);
  for (const certificate of attestation.certificates) writer.sized(certificate);
  return writer.bytes;
}

/** The inverse of {@link encodeAttestation}. @throws VirtualSmartCardError `ERR_TPM_RESPONSE` */
export function decodeAttestation(bytes: Buffer): Attestation {
  const reader = new TpmReader(bytes);
  const [attested, signature, key, parentName, attestationKey, endorsementKey] = FIELDS.map(() =>
    Buffer.from(reader.sized()),
  ) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
  const certificates: Buffer[] = [];
  while (reader.remaining > 0) certificates.push(Buffer.from(reader.sized()));
  return { attested, signature, key, parentName, attestationKey, endorsementKey, certificates };
}

/**
 * Strict base64: one text for one byte string.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function decodeBase64(value: unknown, parameter: string, maxLength: number): Buffer {
  const expected = `base64 of at most ${maxLength} bytes`;
  if (typeof value !== 'string') throw invalidArgument(parameter, expected, describeType(value));
  if (value.length > 2 * maxLength) {
    throw invalidArgument(parameter, expected, `${value.length} characters`);
  }
  const bytes = Buffer.from(value, 'base64');
  if (bytes.toString('base64') !== value) throw invalidArgument(parameter, expected, 'other text');
  if (bytes.length > maxLength) throw invalidArgument(parameter, expected, `${bytes.length} bytes`);
  return bytes;
}

function describeValue(value: unknown): string {
  return typeof value === 'number' ? String(value) : describeType(value);
}
