import type { X509Certificate } from 'node:crypto';
import { checkOptions } from './arguments.js';
import type {
  CardConnection,
  CertificateOptions,
  ContainerInfo,
  PinOption,
} from './backend/backend.js';
import { VirtualSmartCardCertificate } from './certificate.js';
import { type CertificateInput, readCertificates } from './certificate-input.js';
import { PIN_OPTIONS, type PinOptions, withPin } from './credentials.js';
import { describeValue, invalidArgument, VirtualSmartCardError } from './errors.js';
import { addIssuers, chainOf } from './issuers.js';
import { VirtualSmartCardKey } from './key.js';
import { checkContainerName, selectContainer } from './key-spec.js';
import { undoAndThrow } from './undo.js';

/** Options of `installCertificate`. */
export interface InstallOptions extends PinOptions {
  /**
   * The container of the old key, which a renewal with a new key leaves behind: it is deleted when the
   * certificate is stored. Was it the default container, the new one becomes that.
   */
  replaces?: string | undefined;
}

/** Stores a certificate with its chain, and deletes the key that it replaces. */
export async function installCertificate(
  connection: CardConnection,
  input: CertificateInput,
  options: InstallOptions,
): Promise<VirtualSmartCardCertificate> {
  checkOptions(options, [...PIN_OPTIONS, 'replaces']);
  const { replaces } = options;
  if (replaces !== undefined) checkContainerName(replaces, 'replaces');
  return withPin(options, async (pin) => {
    const certificates = await readCertificates(input);
    const replaced =
      replaces === undefined ? undefined : selectContainer(await connection.containers(), replaces);
    const { certificate, key } = await findOwn(connection, certificates);
    if (replaced && replaced.name === key.container) {
      const actual = `${describeValue(replaces)}, which holds this certificate's own key`;
      throw invalidArgument('replaces', 'the container of the old key', actual);
    }
    const chain = chainOf(certificate, certificates);
    const stored = await storeWithChain(connection, { certificate, key, chain }, pin);
    if (replaced) await deleteReplaced(connection, replaced, key.container, pin);
    return stored;
  });
}

/** By then the new certificate is stored, which an error has to say. */
async function deleteReplaced(
  connection: CardConnection,
  { name, isDefault }: ContainerInfo,
  successor: string,
  pin: PinOption,
): Promise<void> {
  try {
    if (isDefault) await connection.setDefaultContainer(successor, pin);
    await connection.deleteContainer(name, pin);
  } catch (error) {
    if (!VirtualSmartCardError.is(error)) throw error;
    throw new VirtualSmartCardError(
      error.code,
      `The new certificate is stored in container "${successor}", but the old key in "${name}" could not be deleted: ${error.message}`,
      { ...error, cause: error },
    );
  }
}

/**
 * Stores a certificate beside its key, and the certificates above it where the card keeps those of
 * CAs, all or nothing.
 */
export async function storeWithChain(
  connection: CardConnection,
  {
    certificate,
    key,
    chain,
  }: { certificate: X509Certificate; key: VirtualSmartCardKey; chain: readonly X509Certificate[] },
  options: CertificateOptions,
): Promise<VirtualSmartCardCertificate> {
  const takeAway = await addIssuers(connection, chain, options);
  try {
    await connection.storeCertificate(key.container, certificate.raw, options);
  } catch (error) {
    const left = 'Certificates of its CAs are left on the card, where they do no harm.';
    return undoAndThrow(error, left, takeAway);
  }
  return VirtualSmartCardCertificate.create(certificate, key);
}

/** The newest of the certificates that belongs to a key of the card. */
async function findOwn(
  connection: CardConnection,
  certificates: readonly X509Certificate[],
): Promise<{ certificate: X509Certificate; key: VirtualSmartCardKey }> {
  const newestFirst = [...certificates].sort(
    (one, other) => Date.parse(other.validFrom) - Date.parse(one.validFrom),
  );
  for (const info of await connection.containers()) {
    const key = await VirtualSmartCardKey.load(connection, info);
    const certificate = newestFirst.find((each) => key.publicKey.equals(each.publicKey));
    if (certificate) return { certificate, key };
  }
  throw new VirtualSmartCardError(
    'ERR_CERTIFICATE_MISMATCH',
    `${certificates.length === 1 ? 'The certificate belongs' : 'The certificates belong'} to no key of this card. Was it requested on another card, or was the key deleted?`,
  );
}
