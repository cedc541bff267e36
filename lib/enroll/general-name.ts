/**
 * One name of a SubjectAltName extension (RFC 5280, 4.2.1.6), in the kinds that certreq's INF has.
 * `upn`: the user principal name that Windows logs on by (otherName 1.3.6.1.4.1.311.20.2.3), `guid`:
 * a directory's object GUID (otherName 1.3.6.1.4.1.311.25.1), 16 bytes. `otherName`: any other, its
 * value as DER.
 */
export type GeneralName =
  | { type: 'dns' | 'email' | 'uri' | 'upn'; value: string }
  /** IPv4 or IPv6, in the usual text form. */
  | { type: 'ip'; value: string }
  /** An X.500 name as RFC 4514 writes it. */
  | { type: 'directoryName'; value: string }
  /** An object identifier, dotted. */
  | { type: 'registeredId'; value: string }
  | { type: 'guid'; value: Uint8Array }
  | { type: 'otherName'; oid: string; value: Uint8Array };
