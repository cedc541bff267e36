import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { allocateSecret, concatSecret, wipe } from '../../secret.js';
import { keyType } from '../algorithm-id.js';
import { StatusWord } from '../apdu.js';
import type { ImportedPrivateKey } from '../card-vault.js';
import { decodeTlv, decodeTlvs, encodeTlv, findTlv, type Tlv, TlvError } from '../tlv.js';
import { Refusal } from './refusal.js';

/** DER tags. */
const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const PARAMETERS = 0xa0;
const PUBLIC_KEY = 0xa1;
const BIT_STRING = 0x03;

const CURVES = {
  'P-256': { openssl: 'prime256v1', length: 32, oid: '06082a8648ce3d030107' },
  'P-384': { openssl: 'secp384r1', length: 48, oid: '06052b81040022' },
} as const;

/**
 * A private key as PUT DATA brings it: RSAPrivateKey (RFC 8017, A.1.2) or ECPrivateKey (RFC 5915),
 * checked to be whole and of the key file's algorithm. The result has memory of its own.
 *
 * @throws Refusal 6984 when it is no such key, 6A80 when it is one of another algorithm
 */
export function decodePrivateKey(algorithm: number, keyValue: Uint8Array): ImportedPrivateKey {
  try {
    return decode(algorithm, keyValue);
  } catch (error) {
    throw error instanceof TlvError ? unusable() : error;
  }
}

function decode(algorithm: number, keyValue: Uint8Array): ImportedPrivateKey {
  const type = keyType(algorithm);
  const objects = decodeTlvs(decodeTlv(SEQUENCE, keyValue));
  if (type?.type === 'rsa') return decodeRsa(objects, type.modulusBits / 8);
  if (type?.type === 'ec' && (type.curve === 'P-256' || type.curve === 'P-384')) {
    return decodeEc(objects, type.curve);
  }
  throw new Refusal(StatusWord.FUNCTION_NOT_SUPPORTED);
}

function decodeRsa(objects: Tlv[], modulusLength: number): ImportedPrivateKey {
  const isRsaKey = objects.length === 9 && objects.every(({ tag }) => tag === INTEGER);
  if (!isRsaKey) throw unusable();
  const numbers = objects.map(({ value }) => unsigned(value));
  const [, modulus, exponent, , prime1, prime2] = numbers;
  if (!modulus || !exponent || !prime1 || !prime2) throw unusable();
  if (modulus.length !== modulusLength) throw new Refusal(StatusWord.WRONG_DATA);
  // A TPM takes primes of half the modulus each; OpenSSL signs by the private exponent alone where
  // the primes are others than the modulus's, and so does not tell.
  const areHalves = 2 * prime1.length === modulusLength && 2 * prime2.length === modulusLength;
  if (!areHalves || !isProduct(modulus, prime1, prime2)) throw unusable();
  requireWhole(numbers);
  return {
    type: 'rsa',
    publicKey: {
      type: 'rsa',
      modulus: Uint8Array.from(modulus),
      exponent: Uint8Array.from(exponent),
    },
    prime1: concatSecret(prime1),
  };
}

/** Whether two big-endian numbers of the same length make that one when multiplied. */
function isProduct(product: Uint8Array, one: Uint8Array, other: Uint8Array): boolean {
  const made = allocateSecret(one.length + other.length);
  try {
    for (let at = one.length - 1; at >= 0; at--) {
      let carry = 0;
      for (let by = other.length - 1; by >= 0; by--) {
        const sum = (one[at] ?? 0) * (other[by] ?? 0) + (made[at + by + 1] ?? 0) + carry;
        made[at + by + 1] = sum & 0xff;
        carry = sum >> 8;
      }
      made[at] = carry;
    }
    return timingSafeEqual(made, product);
  } finally {
    wipe(made);
  }
}

/** Refuses an RSA key whose numbers do not make a key: what it signs must verify. */
function requireWhole(numbers: Uint8Array[]): void {
  const integers = numbers.map((number) => encodeTlv(INTEGER, signByte(number), number));
  const der = encodeTlv(SEQUENCE, ...integers);
  try {
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs1' });
    const sample = randomBytes(32);
    const signature = sign('sha256', sample, privateKey);
    if (!verify('sha256', sample, createPublicKey(privateKey), signature)) throw unusable();
  } catch {
    // Whatever OpenSSL says of the numbers, to the host they are no key.
    throw unusable();
  } finally {
    wipe(der, ...integers);
  }
}

function decodeEc(objects: Tlv[], curve: keyof typeof CURVES): ImportedPrivateKey {
  const { openssl, length, oid } = CURVES[curve];
  const scalarBytes = findTlv(objects, OCTET_STRING);
  const parameters = findTlv(objects, PARAMETERS);
  const isOtherCurve = parameters && Buffer.from(parameters).toString('hex') !== oid;
  if (!scalarBytes) throw unusable();
  if (scalarBytes.length > length || isOtherCurve) throw new Refusal(StatusWord.WRONG_DATA);
  // A BIT STRING's content starts with the number of its unused bits, here none.
  const given = findTlv(objects, PUBLIC_KEY);
  const givenPoint = given && decodeTlv(BIT_STRING, given).subarray(1);
  const scalar = concatSecret(new Uint8Array(length - scalarBytes.length), scalarBytes);
  const point = publicPoint(openssl, scalar);
  if (!point || (givenPoint && !point.equals(givenPoint))) {
    wipe(scalar);
    throw unusable();
  }
  const x = Uint8Array.from(point.subarray(1, 1 + length));
  const y = Uint8Array.from(point.subarray(1 + length));
  return { type: 'ec', publicKey: { type: 'ec', curve, x, y }, scalar };
}

/** The uncompressed public point; undefined when the scalar is not in the curve's range. */
function publicPoint(openssl: string, scalar: Buffer): Buffer | undefined {
  const ecdh = createECDH(openssl);
  try {
    ecdh.setPrivateKey(scalar);
    return ecdh.getPublicKey();
  } catch {
    return undefined;
  }
}

/**
 * An INTEGER's magnitude. OpenSC leaves the leading zero byte of DER out, so a set first bit is no
 * minus sign here.
 */
function unsigned(value: Uint8Array): Uint8Array {
  let start = 0;
  while (start < value.length - 1 && value[start] === 0) start++;
  return value.subarray(start);
}

function signByte(magnitude: Uint8Array): Uint8Array {
  return new Uint8Array((magnitude[0] ?? 0) >= 0x80 ? 1 : 0);
}

function unusable(): Refusal {
  return new Refusal(StatusWord.REFERENCE_DATA_NOT_USABLE);
}
