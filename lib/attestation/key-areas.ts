import type { KeyObject } from 'node:crypto';
import { publicKeyObject } from '../public-key.js';
import { ATTESTATION_ATTRIBUTES, ENDORSEMENT_ATTRIBUTES } from '../tpm/attestation-templates.js';
import {
  TPM_ALG_AES,
  TPM_ALG_CFB,
  TPM_ALG_ECDSA,
  TPM_ALG_RSASSA,
  TPM_ALG_SHA256,
  TPMA_OBJECT,
} from '../tpm/constants.js';
import { objectName } from '../tpm/name.js';
import { type PublicArea, parsePublicArea } from '../tpm/parse-public-area.js';
import { attestationError, parsing } from './attestation-error.js';

/** A key of a statement: what its TPM knows of it. */
export interface StatedKey extends PublicArea {
  name: Buffer;
  /** node:crypto's. */
  keyObject: KeyObject;
}

/** The card's key, whatever it is. @throws VirtualSmartCardError `ERR_ATTESTATION` */
export function parseCardKey(bytes: Buffer): StatedKey {
  return parseKey(bytes, "the key's public area");
}

/**
 * The attestation key: one that signs nothing but what its TPM made, or anybody could have written
 * what it signed.
 *
 * @throws VirtualSmartCardError `ERR_ATTESTATION`
 */
export function parseAttestationKey(bytes: Buffer): StatedKey {
  const key = parseKey(bytes, "the attestation key's public area");
  if (key.attributes !== ATTESTATION_ATTRIBUTES || key.authPolicy.length > 0) {
    throw attestationError('the attestation key also signs what does not come from its TPM');
  }
  const algorithm = key.publicKey.type === 'rsa' ? TPM_ALG_RSASSA : TPM_ALG_ECDSA;
  const isKnown = key.scheme?.algorithm === algorithm && key.scheme.hash === TPM_ALG_SHA256;
  if (!isKnown || key.symmetric || !isStrong(key)) {
    throw attestationError('the attestation key is of another kind than this library makes');
  }
  return key;
}

/** @throws VirtualSmartCardError `ERR_ATTESTATION` */
export function parseEndorsementKey(bytes: Buffer): StatedKey {
  const key = parseKey(bytes, "the endorsement key's public area");
  const { symmetric } = key;
  const isStorage =
    symmetric?.algorithm === TPM_ALG_AES &&
    symmetric.keyBits === 128 &&
    symmetric.mode === TPM_ALG_CFB;
  if (key.attributes !== ENDORSEMENT_ATTRIBUTES || !isStorage || key.scheme || !isStrong(key)) {
    throw attestationError('the endorsement key is none by the EK Credential Profile');
  }
  return key;
}

/** Whether an attribute is set. */
export function has(key: PublicArea, attribute: keyof typeof TPMA_OBJECT): boolean {
  return (key.attributes & TPMA_OBJECT[attribute]) !== 0;
}

function parseKey(bytes: Buffer, what: string): StatedKey {
  return parsing(what, () => {
    const area = parsePublicArea(bytes);
    if (area.nameAlg !== TPM_ALG_SHA256) {
      throw attestationError(`${what} has a Name that is no SHA-256`);
    }
    return { ...area, name: objectName(bytes), keyObject: publicKeyObject(area.publicKey) };
  });
}

/** RSA 2048 or ECC P-256, as the templates have it. */
function isStrong({ publicKey }: PublicArea): boolean {
  return publicKey.type === 'rsa' ? publicKey.modulus.length === 256 : publicKey.curve === 'P-256';
}
