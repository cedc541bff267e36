import type { KeyAlgorithm } from '../backend/backend.js';
import type { PublicKey } from '../gids/card-state.js';
import { allocateSecret } from '../secret.js';
import {
  TPM_ALG_AES,
  TPM_ALG_CFB,
  TPM_ALG_ECC,
  TPM_ALG_KEYEDHASH,
  TPM_ALG_NULL,
  TPM_ALG_RSA,
  TPM_ALG_SHA256,
  TPM_ECC_NIST_P256,
  TPM_ECC_NIST_P384,
  TPMA_OBJECT,
} from './constants.js';
import { responseError } from './error.js';
import { TpmReader } from './reader.js';
import { TpmWriter } from './writer.js';

/** TPMT_PUBLIC (Part 2, 12.2.4): the templates we make objects from, and reading one back. */

const {
  fixedTPM,
  fixedParent,
  sensitiveDataOrigin,
  userWithAuth,
  adminWithPolicy,
  noDA,
  restricted,
  decrypt,
  sign,
} = TPMA_OBJECT;
const BOUND_TO_TPM = fixedTPM | fixedParent;
const NONE = new Uint8Array(0);

/** A key pair's type and size, as its parameters say. */
export type KeyShape =
  | { type: 'rsa'; bits: number; exponent: number }
  | { type: 'ec'; curve: 'P-256' | 'P-384' };

const CURVES = {
  'P-256': { id: TPM_ECC_NIST_P256, size: 32 },
  'P-384': { id: TPM_ECC_NIST_P384, size: 48 },
} as const;

const SHAPES: Record<KeyAlgorithm, KeyShape> = {
  'RSA-1024': { type: 'rsa', bits: 1024, exponent: 0x10001 },
  'RSA-2048': { type: 'rsa', bits: 2048, exponent: 0x10001 },
  'RSA-3072': { type: 'rsa', bits: 3072, exponent: 0x10001 },
  'EC-P256': { type: 'ec', curve: 'P-256' },
  'EC-P384': { type: 'ec', curve: 'P-384' },
};

/** Shape of a key algorithm; undefined for a word that is none. */
export function keyShape(algorithm: string): KeyShape | undefined {
  return Object.hasOwn(SHAPES, algorithm) ? SHAPES[algorithm as KeyAlgorithm] : undefined;
}

/** Bytes of a coordinate, of the order and so of each half of a signature. */
export function coordinateSize(curve: 'P-256' | 'P-384'): number {
  return CURVES[curve].size;
}

/**
 * The storage parent where the TPM has none: TCG's ECC P-256 storage template. A primary key comes
 * from the hierarchy's seed and the template, so the same one appears each time.
 */
export function storageParentTemplate(): Buffer {
  const attributes =
    BOUND_TO_TPM | sensitiveDataOrigin | userWithAuth | noDA | restricted | decrypt;
  return header(TPM_ALG_ECC, attributes, NONE)
    .u16(TPM_ALG_AES)
    .u16(128)
    .u16(TPM_ALG_CFB)
    .u16(TPM_ALG_NULL)
    .u16(TPM_ECC_NIST_P256)
    .u16(TPM_ALG_NULL)
    .sized(NONE)
    .sized(NONE).bytes;
}

/**
 * Data that the TPM keeps and gives out on authorisation. Where the authValue alone does not open
 * it, it does not change its authValue either (TPM2_ObjectChangeAuth), which would try it out.
 */
export function sealTemplate(options: {
  authPolicy: Uint8Array;
  dictionaryAttack: boolean;
  userWithAuth: boolean;
}): Buffer {
  const attributes =
    BOUND_TO_TPM |
    (options.userWithAuth ? userWithAuth : adminWithPolicy) |
    (options.dictionaryAttack ? 0 : noDA);
  const writer = header(TPM_ALG_KEYEDHASH, attributes, options.authPolicy);
  return writer.u16(TPM_ALG_NULL).sized(NONE).bytes;
}

/** A key pair that the TPM makes. */
export function keyTemplate(shape: KeyShape): Buffer {
  return keyPublic(shape, BOUND_TO_TPM | sensitiveDataOrigin, [NONE, NONE]);
}

/** A key pair brought in from outside, which is why nothing binds it to this TPM. */
export function importedKeyPublic(key: PublicKey): Buffer {
  return keyPublic(shapeOf(key), 0, key.type === 'rsa' ? [key.modulus] : [key.x, key.y]);
}

/** Shape of a public key. */
export function shapeOf(key: PublicKey): KeyShape {
  if (key.type === 'ec') return { type: 'ec', curve: key.curve };
  const exponent = BigInt(`0x0${Buffer.from(key.exponent).toString('hex')}`);
  return { type: 'rsa', bits: 8 * key.modulus.length, exponent: Number(exponent) };
}

/** TPMT_PUBLIC_PARMS of a key as our templates have them. */
export function keyParameters(shape: KeyShape): Buffer {
  const writer = new TpmWriter(16).u16(shape.type === 'rsa' ? TPM_ALG_RSA : TPM_ALG_ECC);
  writeKeyParameters(writer, shape);
  return writer.bytes;
}

/** The public key in the public area of a key of ours. @throws VirtualSmartCardError `ERR_TPM_RESPONSE` */
export function parsePublicKey(publicArea: Buffer): PublicKey {
  const reader = new TpmReader(publicArea);
  const { type } = readHeader(reader);
  if (reader.u16() !== TPM_ALG_NULL || reader.u16() !== TPM_ALG_NULL) {
    throw responseError('a key with parameters that ours do not have');
  }
  const publicKey = readPublicKey(reader, type);
  if (!publicKey) throw responseError(`a key of an unknown type (${type}) or curve`);
  reader.end();
  return publicKey;
}

/**
 * The public key of an object that can be our storage parent; undefined when it cannot. It must be
 * exempt from the lockout, or finding out that it has an authValue would cost its owner a try.
 */
export function parseStorageParent(publicArea: Buffer): PublicKey | undefined {
  const wanted = BOUND_TO_TPM | userWithAuth | noDA | restricted | decrypt;
  const reader = new TpmReader(publicArea);
  const { type, nameAlg, attributes } = readHeader(reader);
  if (type !== TPM_ALG_RSA && type !== TPM_ALG_ECC) return undefined;
  if (nameAlg !== TPM_ALG_SHA256 || (attributes & (wanted | sign)) !== wanted) return undefined;
  if (reader.u16() !== TPM_ALG_AES || reader.u16() !== 128) return undefined;
  if (reader.u16() !== TPM_ALG_CFB || reader.u16() !== TPM_ALG_NULL) return undefined;
  const publicKey = readPublicKey(reader, type);
  if (!publicKey) return undefined;
  reader.end();
  const isKnown =
    publicKey.type === 'rsa' ? publicKey.modulus.length === 256 : publicKey.curve === 'P-256';
  return isKnown ? publicKey : undefined;
}

/** A big-endian integer in a field of fixed length. @throws VirtualSmartCardError `ERR_TPM_RESPONSE` */
export function leftPad(bytes: Uint8Array, size: number): Buffer {
  if (bytes.length > size) {
    throw responseError(`an integer of ${bytes.length} bytes where ${size} are the most`);
  }
  const padded = allocateSecret(size);
  padded.set(bytes, size - bytes.length);
  return padded;
}

function keyPublic(shape: KeyShape, origin: number, unique: readonly Uint8Array[]): Buffer {
  const type = shape.type === 'rsa' ? TPM_ALG_RSA : TPM_ALG_ECC;
  const use = shape.type === 'rsa' ? decrypt | sign : sign;
  const writer = header(type, origin | userWithAuth | noDA | use, NONE);
  writeKeyParameters(writer, shape);
  for (const part of shape.type === 'rsa' ? unique.slice(0, 1) : unique) writer.sized(part);
  return writer.bytes;
}

/** The beginning of a TPMT_PUBLIC whose nameAlg is SHA-256. */
export function header(type: number, attributes: number, authPolicy: Uint8Array): TpmWriter {
  return new TpmWriter().u16(type).u16(TPM_ALG_SHA256).u32(attributes).sized(authPolicy);
}

function writeKeyParameters(writer: TpmWriter, shape: KeyShape): void {
  writer.u16(TPM_ALG_NULL).u16(TPM_ALG_NULL);
  if (shape.type === 'rsa') {
    // 65537 is the default and is written as 0.
    writer.u16(shape.bits).u32(shape.exponent === 0x10001 ? 0 : shape.exponent);
  } else {
    writer.u16(CURVES[shape.curve].id).u16(TPM_ALG_NULL);
  }
}

function readHeader(reader: TpmReader): { type: number; nameAlg: number; attributes: number } {
  const header = { type: reader.u16(), nameAlg: reader.u16(), attributes: reader.u32() };
  reader.sized();
  return header;
}

/** The last parameters and the unique part; undefined for a type or curve that is not known. */
export function readPublicKey(reader: TpmReader, type: number): PublicKey | undefined {
  if (type === TPM_ALG_RSA) return readRsa(reader);
  return type === TPM_ALG_ECC ? readEcc(reader) : undefined;
}

function readRsa(reader: TpmReader): PublicKey {
  const bits = reader.u16();
  const exponent = reader.u32() || 0x10001;
  const modulus = Buffer.from(reader.sized());
  if (8 * modulus.length !== bits) {
    throw responseError(`a modulus of ${modulus.length} bytes in an RSA key of ${bits} bits`);
  }
  return { type: 'rsa', modulus, exponent: minimalBytes(exponent) };
}

function readEcc(reader: TpmReader): PublicKey | undefined {
  const id = reader.u16();
  if (reader.u16() !== TPM_ALG_NULL) return undefined;
  const x = reader.sized();
  const y = reader.sized();
  for (const curve of ['P-256', 'P-384'] as const) {
    const { id: known, size } = CURVES[curve];
    if (id === known) return { type: 'ec', curve, x: leftPad(x, size), y: leftPad(y, size) };
  }
  return undefined;
}

function minimalBytes(value: number): Buffer {
  const bytes = new TpmWriter(4).u32(value).bytes;
  return Buffer.from(bytes.subarray(bytes.findIndex((byte) => byte !== 0)));
}
