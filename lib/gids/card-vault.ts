import type { Attestation } from '../tpm/attest.js';
import type { CardState, KeyPair, PublicKey } from './card-state.js';

/**
 * What stands behind the applet: the card's persistent state, its PIN, PUK and admin key, and its
 * private keys. One vault per card, shared by all channels to it; the embedded backend implements
 * it over the TPM. Only one APDU of a card is carried out at a time, so no two calls overlap.
 *
 * Byte arguments belong to the applet, which wipes them after the call. A method that fails in a
 * way the applet cannot know rejects with a VirtualSmartCardError; the applet answers 6F00's better
 * relatives (6581 for ERR_STATE_IO, 6983 for ERR_TPM_LOCKED_OUT, else 6400) and hands the error on
 * through the channel's takeFailure.
 */
export interface CardVault {
  /** The state as last stored. The applet never changes it in place. */
  readonly state: CardState;
  /** Stores a new state durably: after it resolves the new one is in force, if it rejects the old one is. */
  store(state: CardState): Promise<void>;

  /** Length of the current PIN in bytes, which CHANGE REFERENCE DATA needs to split old from new. */
  readonly pinLength: number;
  /** Length of the PUK in bytes; undefined on a card without one. */
  readonly pukLength: number | undefined;
  /** Whether the length is one that a PIN may have; a PIN of illegal length costs no try. */
  isPinLengthLegal(length: number): boolean;
  /** Whether the PIN satisfies the card's PIN policy. */
  isPinAllowed(pin: Uint8Array): boolean;

  pinTries(): Promise<Tries>;
  /** undefined on a card without a PUK. */
  pukTries(): Promise<Tries | undefined>;

  /** Checks the PIN; a right one yields the authorisation that opens the card's keys. */
  verifyPin(pin: Uint8Array): Promise<Verification>;
  /** Sets the first PIN of a card that is not activated. */
  setFirstPin(pin: Uint8Array): Promise<void>;
  /** Checks the old PIN (counting a wrong one), then replaces it. All or nothing. */
  changePin(oldPin: Uint8Array, newPin: Uint8Array): Promise<Replacement>;
  /** Checks the PUK (counting a wrong one), then sets a new PIN and unblocks. All or nothing. */
  resetPinByPuk(puk: Uint8Array, newPin: Uint8Array): Promise<Replacement>;
  /**
   * Sets a new PIN and unblocks, after the applet has authenticated the admin. Rejects with
   * ERR_ADMIN_RESET_NOT_ALLOWED on a card with a PUK (the applet answers 6985).
   */
  resetPinByAdmin(newPin: Uint8Array): Promise<void>;

  /** The 24-byte admin key, for the length of `use`; wiped afterwards. */
  withAdminKey<T>(use: (key: Uint8Array) => T): Promise<T>;
  setAdminKey(key: Uint8Array): Promise<void>;

  /** Whether the TPM can make such a key (06–09 RSA, 0A–0E ECC, without operation bits). */
  supportsAlgorithm(algorithm: number): Promise<boolean>;
  generateKey(algorithm: number, authorization: Authorization): Promise<KeyPair>;
  /** Rejects with ERR_KEY_IMPORT_NOT_ALLOWED on a card made without allowKeyImport (6985). */
  importKey(
    algorithm: number,
    privateKey: ImportedPrivateKey,
    authorization: Authorization,
  ): Promise<KeyPair>;
  /** The key's raw RSA private operation: modulus-long in, modulus-long out. */
  rsaPrivate(key: KeyPair, input: Uint8Array, authorization: Authorization): Promise<Buffer>;
  /** ECDSA over a digest of 20, 32, 48 or 64 bytes: r ‖ s, each as long as the curve's order. */
  ecdsaSign(key: KeyPair, digest: Uint8Array, authorization: Authorization): Promise<Buffer>;
  /**
   * What the TPM says of the key, with bytes that it signs with it. A vault without a TPM has none.
   *
   * @param qualifyingData - 16 to 32 bytes
   */
  attestKey?(
    key: KeyPair,
    qualifyingData: Uint8Array,
    authorization: Authorization,
  ): Promise<Attestation>;
  /** The key is no longer used on any channel (deleted, or the card was locked): forget what is loaded. */
  releaseKey(key: KeyPair): Promise<void>;
}

export interface Tries {
  left: number;
  max: number;
}

/**
 * What opens the card's keys while a PIN is verified. Whoever holds it wipes it: `release()`. The
 * vault releases all of a card's authorizations itself when the PIN is changed, reset or blocked;
 * `released` then tells each channel that it is locked.
 */
export interface Authorization {
  readonly value: Uint8Array;
  readonly released: boolean;
  /**
   * Ends the log-in at once; resolves when no copy of the value is left anywhere. Safe to call twice.
   */
  release(): Promise<void>;
}

export type Verification =
  | { result: 'verified'; authorization: Authorization }
  | { result: 'wrong'; triesLeft: number }
  | { result: 'blocked' };

/** Outcome of replacing a PIN; afterwards no channel is verified. */
export type Replacement =
  | { result: 'replaced' }
  | { result: 'wrong'; triesLeft: number }
  | { result: 'blocked' };

/** A private key as DB 3FFF 70 … brings it: RSAPrivateKey (PKCS#1) or ECPrivateKey (RFC 5915), parsed. */
export type ImportedPrivateKey =
  | { type: 'rsa'; publicKey: PublicKey & { type: 'rsa' }; prime1: Uint8Array }
  | { type: 'ec'; publicKey: PublicKey & { type: 'ec' }; scalar: Uint8Array };
