import { copySecret, wipe } from '../../secret.js';

/** The PIN of a log-in: the library's own copy, in memory that is wiped when the log-in ends. */
export class HeldPin {
  #pin: Buffer | undefined;

  get value(): Uint8Array | undefined {
    return this.#pin;
  }

  hold(pin: Uint8Array): void {
    this.forget();
    this.#pin = copySecret(pin, 'pin');
  }

  forget(): void {
    wipe(this.#pin);
    this.#pin = undefined;
  }
}

/** Windows' providers take a PIN as text; others go to the card as they are. */
export function isPinText(pin: Uint8Array): boolean {
  return pin.every((byte) => byte >= 0x20 && byte <= 0x7e);
}
