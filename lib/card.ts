import { type ChangeAdminKeyOptions, changeAdminKey } from './admin/change-admin-key.js';
import type { NextAdminKey } from './admin/next-admin-key.js';
import { type AdminAuthenticator, withAdmin } from './admin-authentication.js';
import type { AbortOptions } from './arguments.js';
import { findAttestationKey } from './attestation/ask.js';
import { recordedAct } from './audit/recorded-act.js';
import type {
  CardConnection,
  CardInfo,
  ContainerInfo,
  CredentialTries,
} from './backend/backend.js';
import { loadCertificates, loadKeys } from './card-contents.js';
import type { VirtualSmartCardCertificate } from './certificate.js';
import type { CertificateInput } from './certificate-input.js';
import { copyPin, type PinOptions, SecretCopies, withCheckedPin } from './credentials.js';
import { enrollCertificate, requestCertificate } from './enroll/enroll.js';
import type { PendingRequest } from './enroll/pending-request.js';
import { renewCertificate } from './enroll/renew.js';
import type { RenewalSpec, RequestSpec, SelfSignedSpec } from './enroll/request-spec.js';
import { VirtualSmartCardError } from './errors.js';
import { type ImportPfxOptions, importPfx } from './import-pfx.js';
import { type InstallOptions, installCertificate } from './install-certificate.js';
import { VirtualSmartCardKey } from './key.js';
import { importKeyTo } from './key-import.js';
import {
  type CreateKeySpec,
  checkContainerName,
  checkedKeySpec,
  type ImportKeySpec,
  selectContainer,
} from './key-spec.js';
import { type SecretInput, wipe } from './secret.js';
import { type UnblockOptions, unblockCard } from './unblock.js';

/**
 * One virtual smart card, opened with a PIN state of its own. Made by `manager.create` and
 * `manager.card`. Calls may overlap; each is carried out whole, in order.
 *
 * Every method may reject with `ERR_CLOSED`, `ERR_CARD_LOST`, `ERR_CARD_NOT_INITIALIZED` and
 * `ERR_TPM_UNAVAILABLE`. Those that take a `pin` may reject with `ERR_PIN_REQUIRED`,
 * `ERR_PIN_INCORRECT` (with `triesLeft`), `ERR_PIN_BLOCKED`, `ERR_TPM_LOCKED_OUT` (with
 * `retryAfterMs`) and `ERR_ABORTED`.
 *
 * @example
 * ```ts
 * await using card = await manager.card();
 * const certificate = await card.enroll(infText, { pin });
 * const signature = await certificate.key.sign('RSA-SHA256', data, { pin });
 * ```
 */
export class VirtualSmartCard {
  /** Device instance id, `ROOT\SMARTCARDREADER\0000` and on. */
  readonly instanceId: string;
  /** The friendly name it was created with. */
  readonly name: string;
  readonly #connection: CardConnection;
  readonly #onClose: (card: VirtualSmartCard) => void;
  #closing: Promise<void> | undefined;

  private constructor(
    connection: CardConnection,
    { instanceId, name }: { instanceId: string; name: string },
    onClose: (card: VirtualSmartCard) => void,
  ) {
    this.#connection = connection;
    this.instanceId = instanceId;
    this.name = name;
    this.#onClose = onClose;
  }

  /** @internal A card over a connection that is open already. */
  static over(
    connection: CardConnection,
    identity: { instanceId: string; name: string },
    onClose: (card: VirtualSmartCard) => void = () => undefined,
  ): VirtualSmartCard {
    return new VirtualSmartCard(connection, identity, onClose);
  }

  /**
   * The card as `manager.list` shows it.
   *
   * @example `const { pinTriesLeft, containerCount } = await card.info();`
   */
  async info(): Promise<CardInfo> {
    return this.#open().info();
  }

  /**
   * What the card's containers hold, in the order of the container map.
   *
   * @example
   * ```ts
   * for (const { name, algorithm } of await card.containers()) console.log(name, algorithm);
   * ```
   */
  async containers(): Promise<ContainerInfo[]> {
    return this.#open().containers();
  }

  /**
   * The keys of all containers.
   *
   * @example `const signers = (await card.keys()).filter((key) => key.algorithm === 'EC-P256');`
   */
  async keys(): Promise<VirtualSmartCardKey[]> {
    return loadKeys(this.#open());
  }

  /**
   * The key in a container. Without a name, the only one there is.
   *
   * @throws VirtualSmartCardError `ERR_CONTAINER_NOT_FOUND`, `ERR_CONTAINER_AMBIGUOUS`
   * @example `const key = await card.key('vpn');`
   */
  async key(container?: string): Promise<VirtualSmartCardKey> {
    const connection = this.#open();
    const info = selectContainer(await connection.containers(), container);
    return VirtualSmartCardKey.load(connection, info);
  }

  /**
   * The certificates of all containers that hold one.
   *
   * @example
   * ```ts
   * const usable = (await card.certificates()).filter(({ x509 }) => x509.Date.parse(x509.validTo) > Date.now());
   * ```
   */
  async certificates(): Promise<VirtualSmartCardCertificate[]> {
    return loadCertificates(this.#open());
  }

  /**
   * Makes a key on the card.
   *
   * @throws VirtualSmartCardError `ERR_CONTAINER_EXISTS`, `ERR_CONTAINER_LIMIT`,
   * `ERR_ALGORITHM_NOT_SUPPORTED` (the TPM cannot make it), `ERR_INVALID_ARGUMENT`, `ERR_STATE_IO`
   * @example
   * ```ts
   * const key = await card.createKey({ container: 'vpn', algorithm: 'EC-P256' }, { pin });
   * ```
   */
  async createKey(
    spec: CreateKeySpec = {},
    options: PinOptions = {},
  ): Promise<VirtualSmartCardKey> {
    const connection = this.#open();
    const checked = checkedKeySpec(spec);
    const info = await withCheckedPin(options, (pin) => connection.createContainer(checked, pin));
    return VirtualSmartCardKey.load(connection, info);
  }

  /**
   * Brings a key to the card, if the card was made with `allowKeyImport`. Who has a copy of the key
   * elsewhere does not need the card.
   *
   * @throws VirtualSmartCardError `ERR_KEY_IMPORT_NOT_ALLOWED`, `ERR_CONTAINER_EXISTS`,
   * `ERR_CONTAINER_LIMIT`, `ERR_ALGORITHM_NOT_SUPPORTED`, `ERR_INVALID_ARGUMENT`, `ERR_STATE_IO`
   * @example
   * ```ts
   * const privateKey = await readFile('key.pem', 'utf8');
   * const key = await card.importKey({ privateKey, container: 'mail' }, { pin });
   * ```
   */
  async importKey(spec: ImportKeySpec, options: PinOptions = {}): Promise<VirtualSmartCardKey> {
    const connection = this.#open();
    const info = await importKeyTo(connection, spec, options);
    return VirtualSmartCardKey.load(connection, info);
  }

  /**
   * Brings the key of a PFX (PKCS #12) to the card with its certificate and chain, if the card was made
   * with `allowKeyImport`. All or nothing.
   *
   * @param pfx - the file's bytes; it holds one private key
   * @throws VirtualSmartCardError `ERR_PFX_PASSWORD_INCORRECT`, and as `importKey`
   * @example
   * ```ts
   * const certificate = await card.importPfx(await readFile('jo.pfx'), { password, pin });
   * ```
   */
  async importPfx(
    pfx: Uint8Array,
    options: ImportPfxOptions,
  ): Promise<VirtualSmartCardCertificate> {
    return importPfx(this.#open(), pfx, options);
  }

  /**
   * Deletes a key for good, with its container and certificate.
   *
   * @throws VirtualSmartCardError `ERR_CONTAINER_NOT_FOUND`
   * @example `await card.deleteKey('vpn', { pin });`
   */
  async deleteKey(container: string, options: PinOptions = {}): Promise<void> {
    const connection = this.#open();
    checkContainerName(container);
    await withCheckedPin(options, (pin) => connection.deleteContainer(container, pin));
  }

  /**
   * Makes a container the default one, which Windows takes for logon.
   *
   * @throws VirtualSmartCardError `ERR_CONTAINER_NOT_FOUND`
   * @example `await card.setDefault(certificate.container, { pin });`
   */
  async setDefault(container: string, options: PinOptions = {}): Promise<void> {
    const connection = this.#open();
    checkContainerName(container);
    await withCheckedPin(options, (pin) => connection.setDefaultContainer(container, pin));
  }

  /**
   * Makes a key and a self-signed certificate, and stores it on the card. All or nothing, also when the
   * process is killed: nobody finds the key before its certificate is there. On Windows, where a key is
   * seen at once, it is deleted again when a step fails, and a kill leaves it without a certificate.
   *
   * @param request - what the certificate says; or a text of certreq's with RequestType Cert, see `parseInf`
   * @throws VirtualSmartCardError `ERR_INF` (with `line`), and as `createKey`
   * @example
   * ```ts
   * const certificate = await card.enroll({ subject: { CN: 'Jo' } }, { pin });
   * const inf = '[NewRequest]\nSubject = "CN=Jo"\nKeyLength = 2048\nRequestType = Cert\n';
   * const another = await card.enroll(inf, { pin });
   * ```
   */
  async enroll(
    request: string | Uint8Array | SelfSignedSpec,
    options: PinOptions = {},
  ): Promise<VirtualSmartCardCertificate> {
    const connection = this.#open();
    const enroll = () =>
      withCheckedPin(options, (pin) => enrollCertificate(connection, request, pin));
    return recordedAct(connection, 'enroll', enroll, ({ container }) => container);
  }

  /**
   * Makes a key and a certificate request for a CA (RequestType PKCS10, CMC or PKCS7). The key stays on
   * the card and waits for {@link installCertificate}. All or nothing, as `enroll`; a process that is
   * killed when the request is made, and has not got it, leaves the key, which nobody can tell from one
   * that waits.
   *
   * @param request - what to ask for; or a text of certreq's
   * @throws VirtualSmartCardError `ERR_CERTIFICATE_NOT_FOUND` (that which is to be renewed), and as `enroll`
   * @example
   * ```ts
   * const request = await card.createRequest({ subject: 'CN=Jo', hash: 'SHA384' }, { pin });
   * const certificate = await card.installCertificate(await sendToCa(request.pem), { pin });
   * ```
   */
  async createRequest(
    request: string | Uint8Array | RequestSpec,
    options: PinOptions = {},
  ): Promise<PendingRequest> {
    const connection = this.#open();
    const ask = () =>
      withCheckedPin(options, (pin) => requestCertificate(connection, request, pin));
    return recordedAct(connection, 'request', ask, ({ container }) => container);
  }

  /**
   * Makes a request for a certificate that says what an old one says, with a new key or the same. The
   * old certificate stays until {@link installCertificate} has stored the new one. All or nothing.
   *
   * @param certificate - the old one, or the name of its container
   * @throws VirtualSmartCardError `ERR_CONTAINER_NOT_FOUND`, `ERR_CERTIFICATE_NOT_FOUND`, and as `createKey`
   * @example
   * ```ts
   * const request = await card.renew(certificate, { requestType: 'CMC' }, { pin });
   * const issued = await sendToCa(request.pem);
   * await card.installCertificate(issued, { pin, replaces: request.renews });
   * ```
   */
  async renew(
    certificate: VirtualSmartCardCertificate | string,
    spec: RenewalSpec = {},
    options: PinOptions = {},
  ): Promise<PendingRequest> {
    const connection = this.#open();
    const ask = () =>
      withCheckedPin(options, (pin) => renewCertificate(connection, certificate, spec, pin));
    return recordedAct(connection, 'request', ask, ({ container }) => container);
  }

  /**
   * Stores a certificate beside the key that it certifies, found by its public key. One that was
   * there is replaced. Certificates of CAs that come along and lead up from it are kept on the card, too:
   * `certificate.chain()` has them.
   *
   * @param certificate - one or several: DER, PEM, PKCS #7 (`.p7b`), or node:crypto's
   * @throws VirtualSmartCardError `ERR_CERTIFICATE_MISMATCH`, `ERR_INVALID_ARGUMENT`, `ERR_STATE_IO`
   * @example `await card.installCertificate(await readFile('issued.p7b'), { pin });`
   */
  async installCertificate(
    certificate: CertificateInput,
    options: InstallOptions = {},
  ): Promise<VirtualSmartCardCertificate> {
    return installCertificate(this.#open(), certificate, options);
  }

  /**
   * Logs in until `logout`, `close`, a PIN change or a block: calls then need no `pin`.
   *
   * @throws VirtualSmartCardError `ERR_PIN_INCORRECT` (with `triesLeft`), `ERR_PIN_BLOCKED`,
   * `ERR_TPM_LOCKED_OUT`, `ERR_INVALID_ARGUMENT`
   * @example
   * ```ts
   * await card.verifyPin(pin);
   * for (const document of documents) signatures.push(await key.sign('RSA-SHA256', document));
   * await card.logout();
   * ```
   */
  async verifyPin(pin: SecretInput): Promise<void> {
    const connection = this.#open();
    const copy = copyPin(pin);
    try {
      await connection.verifyPin(copy);
    } finally {
      wipe(copy);
    }
  }

  /**
   * Locks the card again.
   *
   * @example `await card.logout();`
   */
  async logout(): Promise<void> {
    await this.#open().logout();
  }

  /**
   * Wrong PINs left before the card blocks.
   *
   * @example `const { left, max } = await card.pinTries();`
   */
  async pinTries(): Promise<CredentialTries> {
    return this.#open().pinTries();
  }

  /**
   * Wrong PUKs left; undefined on a card without a PUK.
   *
   * @example `const left = (await card.pukTries())?.left;`
   */
  async pukTries(): Promise<CredentialTries | undefined> {
    return this.#open().pukTries();
  }

  /**
   * Changes the PIN. Afterwards nobody is logged in.
   *
   * @throws VirtualSmartCardError `ERR_PIN_INCORRECT` (with `triesLeft`), `ERR_PIN_BLOCKED`,
   * `ERR_PIN_POLICY`, `ERR_INVALID_ARGUMENT`, `ERR_STATE_IO`
   * @example `await card.changePin('4711', '0815-new');`
   */
  async changePin(oldPin: SecretInput, newPin: SecretInput): Promise<void> {
    const connection = this.#open();
    const secrets = new SecretCopies();
    try {
      const old = secrets.keep(copyPin(oldPin, 'oldPin'));
      const next = secrets.keep(copyPin(newPin, 'newPin'));
      await connection.changePin(old, next);
    } finally {
      secrets.wipe();
    }
  }

  /**
   * Sets a new PIN on a card whose PIN is blocked or forgotten: by the PUK on a card that has one,
   * else by the admin key or by a function that answers the card's challenge for it.
   *
   * @throws VirtualSmartCardError `ERR_PUK_INCORRECT` (with `triesLeft`), `ERR_PUK_BLOCKED`,
   * `ERR_PUK_NOT_SET`, `ERR_ADMIN_KEY_INCORRECT`, `ERR_ADMIN_RESET_NOT_ALLOWED` (the card has a
   * PUK), `ERR_ADMIN_CHALLENGE_ENDED`, `ERR_PIN_POLICY`, `ERR_INVALID_ARGUMENT`, `ERR_ABORTED`,
   * `ERR_STATE_IO`
   * @example
   * ```ts
   * await card.unblock({ puk: '12345678', newPin });
   * await card.unblock({ adminKey, newPin });
   * await card.unblock({ adminKey: (challenge) => helpdesk.respond(challenge), newPin });
   * ```
   */
  async unblock(options: UnblockOptions): Promise<void> {
    await unblockCard(this.#open(), options);
  }

  /**
   * Replaces the admin key. An answer of the card that was lost is made good: it is asked which key it
   * has. Where even that fails, `adminKeyInForce` of the error says what is known.
   *
   * @param current - the key in force, or a function that answers the card's challenge for it
   * @param next - a key, or what it is derived from: the card's id, unless a diversifier is named
   * @throws VirtualSmartCardError `ERR_ADMIN_KEY_INCORRECT`, `ERR_ADMIN_CHALLENGE_ENDED`,
   * `ERR_INVALID_ARGUMENT`, `ERR_ABORTED`, `ERR_STATE_IO`, and whatever `escrow` throws
   * @example
   * ```ts
   * await card.changeAdminKey(adminKey, AdminKey.random(), {
   *   escrow: ({ cardId, kcv, adminKey }) => vault.put(`${cardId}/${kcv}`, adminKey.exportHex()),
   * });
   * await card.changeAdminKey(adminKey, { masterKey });
   * ```
   */
  async changeAdminKey(
    current: AdminAuthenticator,
    next: NextAdminKey,
    options: ChangeAdminKeyOptions = {},
  ): Promise<void> {
    await changeAdminKey(this.#open(), this, current, next, options);
  }

  /**
   * Checks the admin key against the card, and changes nothing.
   *
   * @throws VirtualSmartCardError `ERR_ADMIN_KEY_INCORRECT`, `ERR_ADMIN_CHALLENGE_ENDED`,
   * `ERR_INVALID_ARGUMENT`
   * @example `await card.verifyAdminKey(AdminKey.fromHex(stored));`
   */
  async verifyAdminKey(adminKey: AdminAuthenticator): Promise<void> {
    const connection = this.#open();
    await withAdmin(adminKey, 'adminKey', (respond) =>
      connection.asAdmin(respond, { authenticateOnly: true }),
    );
  }

  /**
   * Windows: the container of the card's attestation identity key, which a card has that was created
   * with `attestation`; undefined when Windows names none.
   *
   * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` (off Windows, and where it does not tell),
   * `ERR_ACCESS_DENIED`, `ERR_CARD_NOT_FOUND`, `ERR_TIMEOUT`, `ERR_ABORTED`, `ERR_WINDOWS`
   * @example `const container = await card.attestationKeyContainer();`
   */
  async attestationKeyContainer(options: AbortOptions = {}): Promise<string | undefined> {
    return findAttestationKey(this.#open(), options);
  }

  /**
   * Locks the card and lets go of it; it stays where it is. `await using` does it by itself. Safe to
   * call twice.
   *
   * @example `await card.close();`
   */
  close(): Promise<void> {
    this.#closing ??= this.#connection.close().finally(() => this.#onClose(this));
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal What of the system serves the card, where there are several ways. */
  async servedBy(): Promise<Readonly<Record<string, string>> | undefined> {
    return this.#open().servedBy?.();
  }

  #open(): CardConnection {
    if (!this.#closing) return this.#connection;
    throw new VirtualSmartCardError(
      'ERR_CLOSED',
      'This card object was closed. Open the card again: manager.card(instanceId).',
    );
  }
}
