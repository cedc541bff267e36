import { isUtf8 } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import { checkOptions } from './arguments.js';
import type { CardConnection } from './backend/backend.js';
import type { VirtualSmartCardCertificate } from './certificate.js';
import { PIN_OPTIONS, type PinOptions, SecretCopies, withPin } from './credentials.js';
import { describeType, invalidArgument, VirtualSmartCardError } from './errors.js';
import { storeWithChain } from './install-certificate.js';
import { chainOf } from './issuers.js';
import { VirtualSmartCardKey } from './key.js';
import { importKeyTo, publicKeyOfPkcs8 } from './key-import.js';
import { type ImportKeySpec, newContainerName } from './key-spec.js';
import { copySecret, type SecretInput, wipe } from './secret.js';
import { undoAndThrow } from './undo.js';

/** How a PFX is brought to a card. */
export interface ImportPfxOptions extends PinOptions, Pick<ImportKeySpec, 'container' | 'keySpec'> {
  /** The password of the file; empty where it has none. */
  password: SecretInput;
}

const MAX_LENGTH = 1024 * 1024;
const MAX_PASSWORD_LENGTH = 1024;

/** Brings key, certificate and chain of a PFX to a card, all or nothing. */
export async function importPfx(
  connection: CardConnection,
  pfx: Uint8Array,
  options: ImportPfxOptions,
): Promise<VirtualSmartCardCertificate> {
  checkOptions(options, [...PIN_OPTIONS, 'password', 'container', 'keySpec']);
  if (!(pfx instanceof Uint8Array) || pfx.length === 0 || pfx.length > MAX_LENGTH) {
    throw invalidArgument('pfx', `1 to ${MAX_LENGTH} bytes`, describeType(pfx));
  }
  const container = newContainerName(options.container);
  const bytes = Uint8Array.from(pfx);
  const { pkcs8, certificate, chain } = await open(bytes, options.password);
  try {
    return await withPin(options, async (pin) => {
      const spec = { privateKey: pkcs8, container, keySpec: options.keySpec };
      const info = await importKeyTo(connection, spec, pin);
      try {
        const key = await VirtualSmartCardKey.load(connection, info);
        return await storeWithChain(connection, { certificate, key, chain }, pin);
      } catch (error) {
        const left = `The key is on the card; delete container "${container}" yourself.`;
        const undo = () => connection.deleteContainer(container, { pin: pin.pin });
        return undoAndThrow(error, left, undo);
      }
    });
  } finally {
    wipe(pkcs8);
  }
}

/** The one key of the file with its certificate. */
async function open(pfx: Uint8Array, input: SecretInput) {
  const { keys, certificates } = await contentsOf(pfx, input);
  try {
    const [pkcs8, ...others] = keys;
    if (!pkcs8 || others.length > 0) {
      throw wrongPfx(`${keys.length} private keys`, 'a PFX with one private key');
    }
    const known = certificates.map(parseCertificate);
    const publicKey = publicKeyOfPkcs8(pkcs8);
    const certificate = known.find((each) => each.publicKey.equals(publicKey));
    if (!certificate) {
      throw wrongPfx('one without', 'a PFX with the certificate of its private key');
    }
    return { pkcs8, certificate, chain: chainOf(certificate, known) };
  } catch (error) {
    wipe(...keys);
    throw error;
  }
}

async function contentsOf(pfx: Uint8Array, input: SecretInput) {
  const { readPfx } = await import('./pfx/pfx.js');
  const { pkcs12Password } = await import('./pfx/pkcs12-key.js');
  const { PfxError, PfxPasswordError } = await import('./pfx/pfx-error.js');
  const secrets = new SecretCopies();
  try {
    const utf8 = secrets.keep(copySecret(input, 'password'));
    if (utf8.length > MAX_PASSWORD_LENGTH || !isUtf8(utf8)) {
      throw invalidArgument('password', `at most ${MAX_PASSWORD_LENGTH} bytes of UTF-8`, 'another');
    }
    return await readPfx(pfx, { utf8, utf16: secrets.keep(pkcs12Password(utf8)) });
  } catch (error) {
    if (error instanceof PfxPasswordError) {
      throw new VirtualSmartCardError(
        'ERR_PFX_PASSWORD_INCORRECT',
        'The PFX does not open: the password is wrong, or the file is damaged.',
      );
    }
    if (!(error instanceof PfxError)) throw error;
    throw wrongPfx(`another: ${error.message}`, 'a PFX (PKCS #12)');
  } finally {
    secrets.wipe();
  }
}

function parseCertificate(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    const refused = wrongPfx('one with another', 'a PFX with certificates of X.509');
    refused.cause = cause;
    throw refused;
  }
}

function wrongPfx(actual: string, expected: string): VirtualSmartCardError {
  return invalidArgument('pfx', expected, actual);
}
