import { createRequire } from 'node:module';

type Asn1Schema = typeof import('@peculiar/asn1-schema');
type Asn1X509 = typeof import('@peculiar/asn1-x509');

let loaded: (Asn1Schema & Asn1X509) | undefined;

/**
 * The library that encodes and decodes the structures of RFC 5280, loaded at its first use. It loads
 * synchronously, since an INF is parsed so.
 */
export function asn1(): Asn1Schema & Asn1X509 {
  if (!loaded) {
    const require = createRequire(import.meta.url);
    const schema: Asn1Schema = require('@peculiar/asn1-schema');
    const x509: Asn1X509 = require('@peculiar/asn1-x509');
    loaded = { ...schema, ...x509 };
  }
  return loaded;
}

/** DER of one of the library's objects. */
export function der(value: unknown): Buffer {
  return Buffer.from(asn1().AsnConvert.serialize(value));
}

/** Bytes in memory of their own, as the library takes them. */
export function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
