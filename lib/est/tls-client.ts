import type { SecureContext } from 'node:tls';
import { checkOptions } from '../arguments.js';
import { SecretCopies } from '../credentials.js';
import { invalidArgument, VirtualSmartCardError } from '../errors.js';
import { copySecret, type SecretInput } from '../secret.js';

/** The key and certificate that an EST client shows in the TLS handshake (RFC 7030, 3.3.2). */
export interface EstTlsClient {
  /** The certificate and its chain, as PEM. */
  certificate?: string | Uint8Array | undefined;
  /** Its private key, as PEM. */
  privateKey?: string | Uint8Array | undefined;
  /** Both in one PKCS #12 file, in place of the two. */
  pfx?: Uint8Array | undefined;
  /** What the key or the PKCS #12 file is encrypted with. */
  passphrase?: SecretInput | undefined;
}

const NAMES = ['certificate', 'privateKey', 'pfx', 'passphrase'] as const;

/**
 * What node:tls trusts and shows. Our copies of the key are wiped at once; OpenSSL has its own.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function secureContext(
  ca: string | undefined,
  client: EstTlsClient | undefined,
): SecureContext {
  // Loaded here, so that who does no EST does not wait for it.
  const { createSecureContext } = process.getBuiltinModule('node:tls');
  if (client === undefined) return createSecureContext({ ca });
  checkOptions(client, NAMES, 'tlsClient');
  const given = NAMES.filter((name) => name !== 'passphrase' && client[name] !== undefined);
  if (given.join() !== 'certificate,privateKey' && given.join() !== 'pfx') {
    const actual = given.join(', ') || 'neither';
    throw invalidArgument('tlsClient', 'certificate and privateKey, or pfx', actual);
  }
  const secrets = new SecretCopies();
  const copy = (name: (typeof NAMES)[number]) => {
    const input = client[name];
    return input === undefined ? undefined : secrets.keep(copySecret(input, `tlsClient.${name}`));
  };
  try {
    const [cert, key, pfx, passphrase] = NAMES.map(copy);
    // node:tls takes the passphrase as a string only.
    return createSecureContext({ ca, cert, key, pfx, passphrase: passphrase?.toString() });
  } catch (error) {
    if (VirtualSmartCardError.is(error)) throw error;
    // The cause is left out: OpenSSL's text may tell of the key's content.
    const expected = 'a certificate and its key, and the passphrase if it has one';
    throw invalidArgument('tlsClient', expected, 'what OpenSSL cannot use');
  } finally {
    secrets.wipe();
  }
}
