import { type KeyObject, randomBytes } from 'node:crypto';

/**
 * An X.509 certificate for a key, with text in it that compresses well; its signature is none. All
 * have one issuer; the serial number is random unless it is given.
 */
export function unsignedCertificate(key: KeyObject, serialNumber: Buffer = randomBytes(8)): Buffer {
  const algorithm = der(0x30, Buffer.from('06092a864886f70d01010b0500', 'hex'));
  const text = der(0x0c, Buffer.from('a name that repeats itself, '.repeat(20)));
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), text)));
  const [from, to] = ['250101000000Z', '350101000000Z'].map((time) => der(0x17, Buffer.from(time)));
  const validity = der(0x30, from as Buffer, to as Buffer);
  const spki = key.export({ type: 'spki', format: 'der' });
  // Positive, and without a leading zero too many.
  const serial = der(0x02, Buffer.from([1]), serialNumber);
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const content = der(0x30, version, serial, algorithm, name, validity, name, spki);
  return der(0x30, content, algorithm, der(0x03, Buffer.from([0]), randomBytes(256)));
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length =
    content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
