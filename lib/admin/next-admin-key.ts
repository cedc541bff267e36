import { AdminKey } from '../admin-key.js';
import { checkOptions } from '../arguments.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import { concatSecret, wipe } from '../secret.js';
import { deriveAdminKey, diversifierBytes, requireMasterKey } from './derive-admin-key.js';

/** An admin key to be derived from an organisation's master key; see `AdminKey.derive`. */
export interface AdminKeyDerivation {
  /** 32 to 1024 bytes, copied before the first wait and wiped. */
  masterKey: Uint8Array;
  /** What the key is derived for; default: the card's id as `CardInfo` has it. */
  diversifier?: string | Uint8Array | undefined;
}

/** The admin key that a card is to have next: itself, or what it is derived from. */
export type NextAdminKey = AdminKey | AdminKeyDerivation;

/** A checked {@link NextAdminKey} in copies of its own, which {@link ChosenAdminKey.wipe} ends. */
export class ChosenAdminKey {
  /** The choice itself, good until the wipe. */
  readonly next: NextAdminKey;
  readonly #keys: Buffer[] = [];

  /** @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_CLOSED` */
  constructor(next: NextAdminKey, parameter: string) {
    if (next instanceof AdminKey) {
      this.next = next.clone();
      return;
    }
    if (!('masterKey' in Object(next))) {
      const expected = 'an AdminKey, or an object with masterKey';
      throw invalidArgument(parameter, expected, describeType(next));
    }
    checkOptions(next, ['masterKey', 'diversifier'], parameter);
    const { masterKey, diversifier } = next;
    requireMasterKey(masterKey);
    const bytes = diversifier === undefined ? undefined : diversifierBytes(diversifier);
    this.next = {
      masterKey: this.#keep(concatSecret(masterKey)),
      diversifier: typeof diversifier === 'string' ? diversifier : bytes,
    };
  }

  /**
   * The key's bytes, and what it was derived for.
   *
   * @param cardId - what it is derived for where no diversifier is named
   * @throws VirtualSmartCardError `ERR_CARD_NOT_INITIALIZED` for a card that has no id
   */
  resolve(cardId: string | undefined): {
    key: Buffer;
    diversifier: string | Uint8Array | undefined;
  } {
    const { next } = this;
    if (next instanceof AdminKey) {
      return { key: this.#keep(next.exportBytes()), diversifier: undefined };
    }
    const diversifier = next.diversifier ?? cardId;
    if (diversifier === undefined) {
      throw new VirtualSmartCardError(
        'ERR_CARD_NOT_INITIALIZED',
        'The card has no file system, and so no id that a key could be derived for. Name a diversifier.',
        { parameter: 'diversifier' },
      );
    }
    return { key: this.#keep(deriveAdminKey(next.masterKey, diversifier)), diversifier };
  }

  wipe(): void {
    if (this.next instanceof AdminKey) this.next.dispose();
    wipe(...this.#keys);
  }

  #keep(secret: Buffer): Buffer {
    this.#keys.push(secret);
    return secret;
  }
}
