import { VirtualSmartCardError } from '../../errors.js';
import { keyAlgorithm } from '../../gids/algorithm-id.js';
import type { CardState, KeyPair } from '../../gids/card-state.js';
import type {
  Authorization,
  CardVault,
  ImportedPrivateKey,
  Replacement,
  Tries,
  Verification,
} from '../../gids/card-vault.js';
import { PinPolicy } from '../../pin-policy.js';
import { wipe } from '../../secret.js';
import { isTpmCode } from '../../tpm/error.js';
import type { Attestation, Tpm, TpmKey } from '../../tpm/tpm.js';
import type { KeyAlgorithm } from '../backend.js';
import { Authorizations } from './authorizations.js';
import type { CardRecord, Credential } from './card-record.js';
import type { CardStorage } from './card-storage.js';
import { createCredential, type Opening, openCredential, TRIES, triesLeft } from './credential.js';
import { decodeKeyBlob, encodeKeyBlob } from './wrapped-key.js';

const TPM_RC_HANDLE = 0x08b;

/**
 * What stands behind a card's applet, in the TPM: PIN and PUK as counting indices and sealed
 * objects, the keys wrapped by the storage parent and opened by the card's authorisation value.
 */
export class TpmVault implements CardVault {
  readonly #tpm: Tpm;
  readonly #storage: CardStorage;
  readonly #policy: PinPolicy;
  readonly #authorizations = new Authorizations((value) => this.#lock(value));
  readonly #keys = new Map<KeyPair, TpmKey>();
  /** What opened the card since it was locked last, to be forgotten by the TPM with the next lock. */
  #openers: Buffer[] = [];
  #ending: VirtualSmartCardError | undefined;

  constructor(tpm: Tpm, storage: CardStorage) {
    this.#tpm = tpm;
    this.#storage = storage;
    this.#policy = PinPolicy.from(storage.record.pinPolicy);
  }

  get state(): CardState {
    return this.#record.state;
  }

  async store(state: CardState): Promise<void> {
    this.#check();
    const before = this.#record.state;
    const activates = state.activated && !before.activated;
    const record = { ...this.#record, state };
    // From its activation on, nothing but PIN and PUK opens a card that has a PUK: the sealing that
    // the first PIN was set by goes.
    if (activates && record.puk) record.adminAuthorization = undefined;
    // What is not to come back goes from every older copy of the file too.
    if (activates || losesKey(before, state)) await this.#storage.renew(0, async () => record);
    else await this.#storage.save(record);
  }

  get pinLength(): number {
    return this.#record.pin.length;
  }

  get pukLength(): number | undefined {
    return this.#record.puk?.length;
  }

  isPinLengthLegal(length: number): boolean {
    return length >= this.#policy.minLength && length <= this.#policy.maxLength;
  }

  isPinAllowed(pin: Uint8Array): boolean {
    return this.#policy.violations(pin).length === 0;
  }

  async pinTries(): Promise<Tries> {
    this.#check();
    const { pin, antiHammering } = this.#record;
    if (antiHammering === 'block') return { left: await this.#left(pin), max: TRIES };
    const { lockoutCounter, maxAuthFail } = await this.#tpm.status();
    return { left: Math.max(0, maxAuthFail - lockoutCounter), max: maxAuthFail };
  }

  async pukTries(): Promise<Tries | undefined> {
    this.#check();
    const { puk } = this.#record;
    return puk && { left: await this.#left(puk), max: TRIES };
  }

  async verifyPin(pin: Uint8Array): Promise<Verification> {
    const opening = await this.#open('pin', pin);
    if (opening.result !== 'open') return opening;
    return {
      result: 'verified',
      authorization: this.#authorizations.grant(opening.authorization),
    };
  }

  async setFirstPin(pin: Uint8Array): Promise<void> {
    this.#check();
    await this.#setPinUnsealed(pin);
  }

  async changePin(oldPin: Uint8Array, newPin: Uint8Array): Promise<Replacement> {
    return this.#replacePin(await this.#open('pin', oldPin), newPin);
  }

  async resetPinByPuk(puk: Uint8Array, newPin: Uint8Array): Promise<Replacement> {
    return this.#replacePin(await this.#open('puk', puk), newPin);
  }

  async resetPinByAdmin(newPin: Uint8Array): Promise<void> {
    this.#check();
    if (this.#record.puk) {
      throw new VirtualSmartCardError(
        'ERR_ADMIN_RESET_NOT_ALLOWED',
        'This card has a PUK; only the PUK resets its PIN, not the admin key.',
      );
    }
    await this.#setPinUnsealed(newPin);
  }

  async withAdminKey<T>(use: (key: Uint8Array) => T): Promise<T> {
    const key = await this.#withTpm(() => this.#tpm.unseal(this.#record.adminKey));
    try {
      return await use(key);
    } finally {
      wipe(key);
    }
  }

  async setAdminKey(key: Uint8Array): Promise<void> {
    const adminKey = await this.#withTpm(() => this.#tpm.seal({ data: key }));
    await this.#storage.renew(0, async () => ({ ...this.#record, adminKey }));
  }

  async supportsAlgorithm(algorithm: number): Promise<boolean> {
    const name = keyAlgorithm(algorithm);
    return name !== undefined && (await this.#tpm.supportsAlgorithm(name));
  }

  async generateKey(algorithm: number, authorization: Authorization): Promise<KeyPair> {
    const name = nameOf(algorithm);
    const { wrapped, publicKey } = await this.#withTpm(() =>
      this.#tpm.createKey(name, authorization.value),
    );
    return { publicKey, blob: encodeKeyBlob(wrapped) };
  }

  async importKey(
    _algorithm: number,
    privateKey: ImportedPrivateKey,
    authorization: Authorization,
  ): Promise<KeyPair> {
    if (!this.#record.allowKeyImport) {
      throw new VirtualSmartCardError(
        'ERR_KEY_IMPORT_NOT_ALLOWED',
        'This card was made without allowKeyImport: its keys are made in the TPM and nowhere else.',
      );
    }
    const { wrapped, publicKey } = await this.#withTpm(() =>
      this.#tpm.importKey(privateKey, authorization.value),
    );
    return { publicKey, blob: encodeKeyBlob(wrapped) };
  }

  rsaPrivate(key: KeyPair, input: Uint8Array, authorization: Authorization): Promise<Buffer> {
    return this.#withTpm(() => this.#key(key).rsaPrivate(input, authorization.value));
  }

  ecdsaSign(key: KeyPair, digest: Uint8Array, authorization: Authorization): Promise<Buffer> {
    return this.#withTpm(() => this.#key(key).ecdsaSign(digest, authorization.value));
  }

  attestKey(
    key: KeyPair,
    qualifyingData: Uint8Array,
    authorization: Authorization,
  ): Promise<Attestation> {
    return this.#withTpm(() => this.#key(key).attest(qualifyingData, authorization.value));
  }

  async releaseKey(key: KeyPair): Promise<void> {
    const loaded = this.#keys.get(key);
    this.#keys.delete(key);
    await loaded?.release();
  }

  /** Finishes what a kill may have kept from happening: a credential out of tries loses its sealing. */
  async recover(): Promise<void> {
    for (const which of ['pin', 'puk'] as const) {
      const credential = this.#record[which];
      if (!credential?.sealed || credential.index === undefined) continue;
      if ((await this.#left(credential)) === 0) await this.#eraseSealing(which, credential);
    }
  }

  /** Locks the card for good; every later call rejects with the error. */
  async end(ending: VirtualSmartCardError): Promise<void> {
    this.#ending ??= ending;
    await this.#authorizations.releaseAll();
    this.#storage.close();
  }

  get #record(): CardRecord {
    return this.#storage.record;
  }

  #check(): void {
    if (this.#ending) throw this.#ending;
  }

  #key(pair: KeyPair): TpmKey {
    let key = this.#keys.get(pair);
    if (!key) {
      key = this.#tpm.key(decodeKeyBlob(pair.blob));
      this.#keys.set(pair, key);
    }
    return key;
  }

  async #left(credential: Credential): Promise<number> {
    try {
      return await this.#withTpm(() => triesLeft(this.#tpm, credential));
    } catch (error) {
      // Somebody has undefined the index: nothing opens by it any more.
      if (isTpmCode(error, TPM_RC_HANDLE)) return 0;
      throw error;
    }
  }

  /** Tries a PIN or PUK; once no try is left, what it would have opened is erased. */
  async #open(which: 'pin' | 'puk', secret: Uint8Array): Promise<Tried> {
    this.#check();
    const credential = this.#record[which];
    if (!credential) {
      throw new VirtualSmartCardError(
        'ERR_PUK_NOT_SET',
        'This card was made without a PUK; reset its PIN with the admin key.',
      );
    }
    const opening = await this.#try(credential, secret);
    if (opening.result === 'open') return opening;
    const tries = which === 'pin' ? await this.pinTries() : await this.pukTries();
    const left = tries?.left ?? 0;
    if (left === 0 && credential.index !== undefined) await this.#eraseSealing(which, credential);
    return opening.result === 'wrong' ? { ...opening, triesLeft: left } : opening;
  }

  /** A credential whose index somebody has undefined is blocked for good. */
  async #try(credential: Credential, secret: Uint8Array): Promise<Opening> {
    try {
      const opening = await this.#withTpm(() => openCredential(this.#tpm, credential, secret));
      if (opening.result === 'open') this.#remember(opening.objectAuth);
      return opening;
    } catch (error) {
      const isGone = isTpmCode(error, TPM_RC_HANDLE) && (await this.#left(credential)) === 0;
      if (isGone && credential.index !== undefined) return { result: 'blocked' };
      throw error;
    }
  }

  /**
   * The TPM refuses a blocked index, but whoever has the owner authorisation could define it anew;
   * so the sealing goes, and with the file secret every older copy of it. All log-ins end.
   */
  async #eraseSealing(which: 'pin' | 'puk', credential: Credential): Promise<void> {
    try {
      await this.#storage.renew(0, async () => {
        const blocked = { ...credential, index: undefined, sealed: undefined };
        return { ...this.#record, [which]: blocked };
      });
    } catch (error) {
      // A full disk or TPM: the TPM refuses all the same; the next try and the next open erase it.
      if (!VirtualSmartCardError.is(error)) throw error;
    } finally {
      await this.#authorizations.releaseAll();
    }
  }

  async #replacePin(opening: Tried, newPin: Uint8Array): Promise<Replacement> {
    if (opening.result !== 'open') return opening;
    await this.#setPin(newPin, opening.authorization);
    return { result: 'replaced' };
  }

  /** Sets a PIN without one: before activation, or after the applet has authenticated the admin. */
  async #setPinUnsealed(pin: Uint8Array): Promise<void> {
    const { adminAuthorization } = this.#record;
    if (!adminAuthorization) {
      throw new VirtualSmartCardError(
        'ERR_ADMIN_RESET_NOT_ALLOWED',
        'Nothing but its PIN and PUK opens this card.',
      );
    }
    await this.#setPin(pin, await this.#withTpm(() => this.#tpm.unseal(adminAuthorization)));
  }

  /** Puts a new PIN in force and ends every log-in. Takes the authorisation value over. */
  async #setPin(pin: Uint8Array, authorization: Buffer): Promise<void> {
    const counts = this.#record.antiHammering === 'block';
    try {
      await this.#storage.renew(counts ? 1 : 0, async ({ handles: [index], define }) => ({
        ...this.#record,
        pin: await createCredential(this.#tpm, pin, authorization, index, define),
      }));
    } finally {
      await this.#authorizations.releaseAll();
      await this.#lock(authorization);
      wipe(authorization);
    }
  }

  #remember(objectAuth: Buffer): void {
    if (this.#openers.some((each) => each.equals(objectAuth))) wipe(objectAuth);
    else this.#openers.push(objectAuth);
  }

  /** The last log-in has ended: no loaded key and no forgotten copy keeps the value, or what opens it. */
  async #lock(value: Uint8Array): Promise<void> {
    const openers = this.#openers;
    this.#openers = [];
    try {
      await Promise.all([...this.#keys.values()].map((key) => key.release()));
      await this.#tpm.forget(value, ...openers);
    } catch {
      // The TPM is out of reach, and with it all that it had loaded.
    } finally {
      wipe(...openers);
    }
  }

  /** Runs TPM work; when it fails because the card's secret is gone from the TPM, says that. */
  async #withTpm<T>(work: () => Promise<T>): Promise<T> {
    this.#check();
    try {
      return await work();
    } catch (error) {
      if (VirtualSmartCardError.is(error, 'ERR_TPM_COMMAND')) await this.#storage.requirePresent();
      throw error;
    }
  }
}

/** How trying a PIN or PUK ended, with the tries left where it was wrong. */
type Tried =
  | { result: 'open'; authorization: Buffer }
  | { result: 'wrong'; triesLeft: number }
  | { result: 'blocked' };

/** Whether a key pair of the old state is not in the new one. */
function losesKey(before: CardState, after: CardState): boolean {
  return [...before.keys].some(
    ([reference, { keyPair }]) => keyPair && after.keys.get(reference)?.keyPair !== keyPair,
  );
}

function nameOf(algorithm: number): KeyAlgorithm {
  const name = keyAlgorithm(algorithm);
  if (name) return name;
  throw new VirtualSmartCardError(
    'ERR_ALGORITHM_NOT_SUPPORTED',
    `This library has no keys of the GIDS algorithm ${algorithm.toString(16)}.`,
  );
}
