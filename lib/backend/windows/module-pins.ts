import { VirtualSmartCardError } from '../../errors.js';
import type { GidsClient } from '../../gids/client.js';
import type { PinCommands } from '../../gids/pin-session.js';
import type { CredentialTries } from '../backend.js';
import type { CardModule } from './card-module.js';

/** What goes wrong with a PIN or a PUK. */
const PIN = { name: 'PIN', wrong: 'ERR_PIN_INCORRECT', blocked: 'ERR_PIN_BLOCKED' } as const;
const PUK = { name: 'PUK', wrong: 'ERR_PUK_INCORRECT', blocked: 'ERR_PUK_BLOCKED' } as const;

/**
 * PIN and PUK through a card's module, with the errors that the card's own commands give. A module
 * says that the PIN is blocked of the wrong try that blocks it as of those after it, and nothing of a
 * PUK's tries: the card is asked for those.
 */
export class ModulePins implements PinCommands {
  readonly #module: CardModule;
  readonly #client: GidsClient;

  /** @param client - over the channel that the module was loaded for */
  constructor(module: CardModule, client: GidsClient) {
    this.#module = module;
    this.#client = client;
  }

  async verifyPin(pin: Uint8Array): Promise<void> {
    const triesLeft = () => leftOf(this.#client.pinTries());
    const before = await triesLeft();
    try {
      await this.#module.verifyPin(pin);
    } catch (error) {
      throw await counted(error, PIN, before, triesLeft);
    }
  }

  async changePin(oldPin: Uint8Array, newPin: Uint8Array): Promise<void> {
    await this.#module.changePin(oldPin, newPin);
  }

  async resetPinByPuk(puk: Uint8Array, newPin: Uint8Array): Promise<void> {
    const triesLeft = () => leftOf(this.#client.pukTries());
    const before = await triesLeft();
    if (before === 'none') {
      throw new VirtualSmartCardError(
        'ERR_PUK_NOT_SET',
        'The card has no PUK. Unblock its PIN with the admin key.',
      );
    }
    try {
      await this.#module.unblockByPuk(puk, newPin);
    } catch (error) {
      throw await counted(error, PUK, before, triesLeft);
    }
  }

  /** A module has no way to end everything that it verified; a reset ends it. */
  async logOut(): Promise<void> {
    await this.reset();
  }

  async reset(): Promise<void> {
    await this.#client.reset();
  }
}

type TriesLeft = number | 'none' | 'unknown';

/** What the card tells of its tries. That it does not tell stops nothing. */
async function leftOf(tries: Promise<CredentialTries | undefined>): Promise<TriesLeft> {
  try {
    return (await tries)?.left ?? 'none';
  } catch (error) {
    const isAnswer = VirtualSmartCardError.is(error) && error.hresult === undefined;
    if (isAnswer && error.code !== 'ERR_TIMEOUT') return 'unknown';
    throw error;
  }
}

async function counted(
  error: unknown,
  { name, wrong, blocked }: typeof PIN | typeof PUK,
  before: TriesLeft,
  triesLeft: () => Promise<TriesLeft>,
): Promise<unknown> {
  if (!VirtualSmartCardError.is(error)) return error;
  const isWrong = error.code === wrong;
  if (!isWrong && error.code !== blocked) return error;
  const left = (isWrong ? error.triesLeft : undefined) ?? (await triesLeft());
  const hasBlocked = typeof before === 'number' && before > 0 && left === 0;
  if (!isWrong && !hasBlocked) return error;
  const isKnown = typeof left === 'number';
  const ending = left === 0 ? ' It is now blocked.' : isKnown ? ` ${left} tries are left.` : '';
  return new VirtualSmartCardError(wrong, `The ${name} is wrong.${ending}`, {
    cause: error,
    ...(error.hresult !== undefined && { hresult: error.hresult }),
    ...(isKnown && { triesLeft: left }),
  });
}
