import { createECDH, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { AttestationStatement } from '../../../../lib/index.js';
import {
  ATTESTATION_ATTRIBUTES,
  ENDORSEMENT_ATTRIBUTES,
} from '../../../../lib/tpm/attestation-templates.js';
import { TpmWriter } from '../../../../lib/tpm/writer.js';

const AES_128_CFB = [6, 128, 0x43];
const ECDSA_SHA256 = [0x18, 0x0b];
const NULL = [0x10];

/**
 * A statement that fits together and comes from no TPM: what anybody can make.
 *
 * @param options - `withoutAttributes`: of TPMA_OBJECT, which the attestation key then lacks
 */
export function forgedStatement(
  nonce: Uint8Array,
  options: { withoutAttributes?: number } = {},
): AttestationStatement {
  const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const attributes = ATTESTATION_ATTRIBUTES & ~(options.withoutAttributes ?? 0);
  const attestationKey = area(attributes, NULL, ECDSA_SHA256, pointOf(signer.publicKey));
  const key = area(0x40472, NULL, NULL, freshPoint());
  const endorsementKey = area(ENDORSEMENT_ATTRIBUTES, AES_128_CFB, NULL, freshPoint());
  const parentName = name(area(0x30472, AES_128_CFB, NULL, freshPoint()));
  const attested = new TpmWriter()
    .u32(0xff544347)
    .u16(0x8017)
    .sized(under(0x4000000b, name(attestationKey)))
    .sized(nonce)
    .raw(Buffer.alloc(17))
    .raw(Buffer.alloc(8))
    .sized(name(key))
    .sized(hashed(Buffer.concat([under(0x40000001, parentName), name(key)]))).bytes;
  const raw = sign('sha256', attested, { key: signer.privateKey, dsaEncoding: 'ieee-p1363' });
  const signature = new TpmWriter().u16(0x18).u16(0x0b).sized(raw.subarray(0, 32));
  signature.sized(raw.subarray(32));
  const text = (bytes: Buffer) => bytes.toString('base64');
  return {
    version: 1,
    attested: text(attested),
    signature: text(signature.bytes),
    key: text(key),
    parentName: text(parentName),
    attestationKey: text(attestationKey),
    endorsementKey: text(endorsementKey),
    certificates: [],
  };
}

/** TPMT_PUBLIC of a key on P-256. */
function area(attributes: number, symmetric: number[], scheme: number[], point: Buffer): Buffer {
  const isEndorsement = attributes === ENDORSEMENT_ATTRIBUTES;
  const policy = isEndorsement ? createHash('sha256').update('policy').digest() : Buffer.alloc(0);
  const writer = new TpmWriter().u16(0x23).u16(0x0b).u32(attributes).sized(policy);
  for (const value of [...symmetric, ...scheme, 3, 0x10]) writer.u16(value);
  return writer.sized(point.subarray(1, 33)).sized(point.subarray(33)).bytes;
}

function freshPoint(): Buffer {
  return createECDH('prime256v1').generateKeys();
}

function pointOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

function name(publicArea: Uint8Array): Buffer {
  return hashed(publicArea);
}

/** Qualified Name of a primary key. */
function under(hierarchy: number, keyName: Buffer): Buffer {
  return hashed(new TpmWriter().u32(hierarchy).raw(keyName).bytes);
}

function hashed(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0, 0x0b), createHash('sha256').update(bytes).digest()]);
}
