import { wipe } from '../../secret.js';
import type { CommandApdu } from '../apdu.js';
import type { Authorization, CardVault } from '../card-vault.js';
import type { Challenge } from './admin-authentication.js';
import { APPLICATION } from './file-control.js';
import type { KeyEnvironment } from './security-environment.js';

/** How often a card's admin key was replaced: who authenticated by a former one is nobody now. */
const adminKeyReplacements = new WeakMap<CardVault, number>();

/**
 * What one channel to the card has going: the file it selected, who it authenticated as, and its
 * security environment. Channels of one card share the vault and nothing else.
 */
export class Session {
  readonly vault: CardVault;
  /** Identifier of the current file; the application itself when none was selected. */
  currentFile: number = APPLICATION;
  /** Whether MSE SET chose the admin key for GENERAL AUTHENTICATE. */
  adminKeyChosen = false;
  /** What MSE SET chose for signing and for decryption. */
  signatureEnvironment: KeyEnvironment | undefined;
  confidentialityEnvironment: KeyEnvironment | undefined;
  #challenge: Challenge | undefined;
  /** Count of replacements at which the host proved that it has the admin key. */
  #adminKeyProven: number | undefined;
  #authorization: Authorization | undefined;

  constructor(vault: CardVault) {
    this.vault = vault;
  }

  /** The verified PIN's authorisation; undefined when no PIN is verified, or not any more. */
  get authorization(): Authorization | undefined {
    if (this.#authorization?.released) this.#authorization = undefined;
    return this.#authorization;
  }

  /** Whether the host proved that it has the admin key that the card has now. */
  get adminAuthenticated(): boolean {
    return this.#adminKeyProven === this.#adminKeyReplacements;
  }

  /** The host proved that it has the admin key. */
  loginAdmin(): void {
    this.#adminKeyProven = this.#adminKeyReplacements;
  }

  logoutAdmin(): void {
    this.#adminKeyProven = undefined;
  }

  /** The card has a new admin key: authentications by the former end on all its channels. */
  adminKeyReplaced(): void {
    adminKeyReplacements.set(this.vault, this.#adminKeyReplacements + 1);
  }

  /** Holds the authorisation of a PIN just verified. */
  async login(authorization: Authorization): Promise<void> {
    const former = this.#authorization;
    this.#authorization = authorization;
    await former?.release();
  }

  /** No PIN is verified any more, from the call on. */
  async lock(): Promise<void> {
    const former = this.#authorization;
    this.#authorization = undefined;
    await former?.release();
  }

  /** Neither PIN nor admin key count as verified any more, from the call on. */
  async logout(): Promise<void> {
    this.logoutAdmin();
    this.forgetChallenge();
    await this.lock();
  }

  /** As after SELECT of the application: no file, no security environment, no challenge. */
  select(): void {
    this.currentFile = APPLICATION;
    this.adminKeyChosen = false;
    this.signatureEnvironment = undefined;
    this.confidentialityEnvironment = undefined;
    this.forgetChallenge();
  }

  /** As after a reset of the card. */
  async reset(): Promise<void> {
    this.select();
    await this.logout();
  }

  /** Keeps a challenge until it is taken, once. */
  setChallenge(challenge: Challenge): void {
    this.forgetChallenge();
    this.#challenge = challenge;
  }

  /** The challenge that was given out; the caller wipes it. It counts only once. */
  takeChallenge(): Challenge | undefined {
    const challenge = this.#challenge;
    this.#challenge = undefined;
    return challenge;
  }

  forgetChallenge(): void {
    const challenge = this.takeChallenge();
    wipe(challenge?.fromCard, challenge?.fromHost);
  }

  get #adminKeyReplacements(): number {
    return adminKeyReplacements.get(this.vault) ?? 0;
  }
}

/**
 * A command of the applet. It gives the response data as memory of its own, which the applet wipes,
 * or undefined when there are none; any other end than success is thrown, as a Refusal or the
 * vault's error. A command that has nothing to wait for gives no promise.
 */
export type CommandHandler = (
  session: Session,
  command: CommandApdu,
) => Buffer | undefined | Promise<Buffer | undefined>;
