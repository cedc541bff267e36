import { randomBytes } from 'node:crypto';
import { randomPin } from '../support/applet-card.js';
import { RECORDED } from './recorded-secrets.js';
import type { CardSecrets } from './secrets.js';

/** Every fourth card meets an outsider, who knows none of its secrets. */
export function isOutsider(number: number): boolean {
  return number % 4 === 2;
}

/** Secrets of the card number so and so, of which every third has a PUK. */
export function cardSecrets(number: number): CardSecrets {
  const hasPuk = number % 3 === 0;
  return isOutsider(number)
    ? { pin: randomPin(), puk: hasPuk ? randomPin(10) : undefined, adminKey: randomBytes(24) }
    : { ...RECORDED, puk: hasPuk ? RECORDED.puk : undefined };
}
