import type { SecureContext } from 'node:tls';
import { checkOptions } from '../arguments.js';
import type { VirtualSmartCard } from '../card.js';
import { SecretCopies } from '../credentials.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import { copySecret, type SecretInput } from '../secret.js';

/** A key and certificate in memory, which an EST client shows in the TLS handshake (RFC 7030, 3.3.2). */
export interface EstTlsKey {
  /** The certificate and its chain, as PEM. */
  certificate?: string | Uint8Array | undefined;
  /** Its private key, as PEM. */
  privateKey?: string | Uint8Array | undefined;
  /** Both in one PKCS #12 file, in place of the two. */
  pfx?: Uint8Array | undefined;
  /** What the key or the PKCS #12 file is encrypted with. */
  passphrase?: SecretInput | undefined;
}

/**
 * A key and certificate on a card, shown in the TLS handshake by the program openssl with its engine
 * for PKCS #11 and OpenSC: for RSA keys of cards in readers of pcscd, over TLS 1.2.
 */
export interface EstTlsCard {
  /** In a reader of pcscd, and open for as long as the client is used. */
  card: VirtualSmartCard;
  /** Whose key and certificate; may be left out when there is only one. */
  container?: string | undefined;
  /** Copied; wiped by the client's `close`. */
  pin: SecretInput;
  /** OpenSC's module; default `opensc-pkcs11.so`, where the system finds it. */
  pkcs11Module?: string | undefined;
}

const KEY_NAMES = ['certificate', 'privateKey', 'pfx', 'passphrase'] as const;

/** Whether it is one on a card; what it is else, {@link secureContext} says. */
export function isOnCard(client: EstTlsKey | EstTlsCard | undefined): client is EstTlsCard {
  return typeof client === 'object' && client !== null && 'card' in client;
}

/**
 * What node:tls trusts and shows. Our copies of the key are wiped at once; OpenSSL has its own.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function secureContext(ca: string | undefined, key: EstTlsKey | undefined): SecureContext {
  // Loaded here, so that who does no EST does not wait for it.
  const { createSecureContext } = process.getBuiltinModule('node:tls');
  if (key === undefined) return createSecureContext({ ca });
  checkOptions(key, KEY_NAMES, 'tlsClient');
  const given = KEY_NAMES.filter((name) => name !== 'passphrase' && key[name] !== undefined);
  if (given.join() !== 'certificate,privateKey' && given.join() !== 'pfx') {
    const actual = given.join(', ') || 'neither';
    throw invalidArgument('tlsClient', 'certificate and privateKey, or pfx, or a card', actual);
  }
  const secrets = new SecretCopies();
  const copy = (name: (typeof KEY_NAMES)[number]) => {
    const input = key[name];
    return input === undefined ? undefined : secrets.keep(copySecret(input, `tlsClient.${name}`));
  };
  try {
    const [cert, privateKey, pfx, passphrase] = KEY_NAMES.map(copy);
    // node:tls takes the passphrase as a string only.
    const options = { ca, cert, key: privateKey, pfx, passphrase: passphrase?.toString() };
    return createSecureContext(options);
  } catch (error) {
    if (VirtualSmartCardError.is(error)) throw error;
    // The cause is left out: OpenSSL's text may tell of the key's content.
    const expected = 'a certificate and its key, and the passphrase if it has one,';
    throw invalidArgument('tlsClient', expected, `what OpenSSL cannot use (${describeType(key)})`);
  } finally {
    secrets.wipe();
  }
}
