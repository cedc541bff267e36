import type { PublicKey } from '../../../../lib/gids/card-state.js';
import type { KeyProvider } from '../../../../lib/native-windows.js';

/** A public key as the providers export it: bcrypt.h's blobs, or wincrypt.h's. */
export function publicKeyBlob(provider: KeyProvider, key: PublicKey): Buffer {
  if (key.type === 'ec') {
    const magic = key.curve === 'P-256' ? 'ECS1' : 'ECS3';
    return Buffer.concat([Buffer.from(magic), words(key.x.length), key.x, key.y]);
  }
  const { modulus, exponent } = key;
  const bits = 8 * modulus.length;
  if (provider === 'ksp') {
    const header = words(bits, exponent.length, modulus.length, 0, 0);
    return Buffer.concat([Buffer.from('RSA1'), header, exponent, modulus]);
  }
  const header = Buffer.from('0602000000a40000', 'hex');
  const number = Buffer.from(exponent).readUIntBE(0, exponent.length);
  const littleEndian = Buffer.from(modulus).reverse();
  return Buffer.concat([header, Buffer.from('RSA1'), words(bits, number), littleEndian]);
}

/** 32-bit little-endian numbers. */
export function words(...numbers: number[]): Buffer {
  return Buffer.from(new Uint8Array(Uint32Array.from(numbers).buffer));
}
