import type { PublicKey } from '../gids/card-state.js';
import { TPM_ALG_ECDSA, TPM_ALG_NULL, TPM_ALG_RSASSA } from './constants.js';
import { responseError } from './error.js';
import { readPublicKey } from './public-area.js';
import { TpmReader } from './reader.js';

/** A key's TPMT_PUBLIC taken apart (Part 2, 12.2.4). */
export interface PublicArea {
  nameAlg: number;
  /** TPMA_OBJECT */
  attributes: number;
  authPolicy: Buffer;
  /** What a storage key encrypts its children by; undefined for another key. */
  symmetric: { algorithm: number; keyBits: number; mode: number } | undefined;
  /** How the key signs, and nothing else; undefined for one that leaves it to its user. */
  scheme: { algorithm: number; hash: number } | undefined;
  publicKey: PublicKey;
}

const SCHEMES_WITH_HASH = [TPM_ALG_RSASSA, TPM_ALG_ECDSA];

/** @throws VirtualSmartCardError `ERR_TPM_RESPONSE` when the bytes are none, or of a key unknown here */
export function parsePublicArea(bytes: Buffer): PublicArea {
  const reader = new TpmReader(bytes);
  const type = reader.u16();
  const nameAlg = reader.u16();
  const attributes = reader.u32();
  const authPolicy = reader.sized();
  const symmetric = readSymmetric(reader);
  const scheme = readScheme(reader);
  const publicKey = readPublicKey(reader, type);
  if (!publicKey) throw responseError(`a key of an unknown type (${type}) or curve`);
  reader.end();
  return { nameAlg, attributes, authPolicy, symmetric, scheme, publicKey };
}

function readSymmetric(reader: TpmReader): PublicArea['symmetric'] {
  const algorithm = reader.u16();
  if (algorithm === TPM_ALG_NULL) return undefined;
  return { algorithm, keyBits: reader.u16(), mode: reader.u16() };
}

function readScheme(reader: TpmReader): PublicArea['scheme'] {
  const algorithm = reader.u16();
  if (algorithm === TPM_ALG_NULL) return undefined;
  if (SCHEMES_WITH_HASH.includes(algorithm)) return { algorithm, hash: reader.u16() };
  throw responseError(`a key of an unknown scheme (${algorithm})`);
}
