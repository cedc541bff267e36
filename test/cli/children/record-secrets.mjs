// Loaded before the program (node --import): writes the secrets that it gives to cards, in hexadecimal
// and one a line, to the file that VSC_TEST_SECRETS names.
import { appendFileSync } from 'node:fs';
import { VirtualSmartCard, VirtualSmartCardManager } from '../../../dist/index.js';

const file = process.env.VSC_TEST_SECRETS;

function record(...secrets) {
  for (const secret of secrets) {
    if (secret === undefined) continue;
    const bytes = secret instanceof Uint8Array ? secret : secret.exportBytes();
    appendFileSync(file, `${Buffer.from(bytes).toString('hex')}\n`);
  }
}

function before(prototype, name, secretsOf) {
  const original = prototype[name];
  prototype[name] = function (...args) {
    record(...secretsOf(...args));
    return original.apply(this, args);
  };
}

const { prototype: card } = VirtualSmartCard;
before(VirtualSmartCardManager.prototype, 'create', ({ pin, puk, adminKey }) => [
  pin,
  puk,
  adminKey,
]);
before(card, 'verifyPin', (pin) => [pin]);
before(card, 'changePin', (oldPin, newPin) => [oldPin, newPin]);
before(card, 'unblock', ({ puk, adminKey, newPin }) => [puk, adminKey, newPin]);
before(card, 'changeAdminKey', (current, next) => [current, next]);
