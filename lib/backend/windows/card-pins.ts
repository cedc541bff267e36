import { VirtualSmartCardError } from '../../errors.js';
import type { GidsCardConnection } from '../../gids/card-connection.js';
import { answerChallenge } from '../../gids/challenge-response.js';
import { GidsClient } from '../../gids/client.js';
import { PinSession } from '../../gids/pin-session.js';
import { CHALLENGE_ENDED } from '../../gids/status-error.js';
import type { CardConnection } from '../backend.js';
import { CardModule } from './card-module.js';
import { CredentialCode } from './credential-meanings.js';
import { ModulePins } from './module-pins.js';
import type { Use, WaysTaken } from './ways-taken.js';
import type { WinscardChannel } from './winscard-channel.js';

type Admin = CardConnection['asAdmin'];

/**
 * PIN, PUK and admin key of a card: through the card's module, as Windows itself does it; where Windows
 * has none, or the module lacks the function, by the card's own commands. Each call is a transaction,
 * at whose end the card is reset: nobody is logged in afterwards. The errors are the same on both ways.
 *
 * Calls must not overlap, with each other or with the connection's.
 */
export class CardPins {
  readonly #channel: WinscardChannel;
  readonly #gids: GidsCardConnection;
  readonly #ways: WaysTaken;

  /** @param gids - over the same channel */
  constructor(channel: WinscardChannel, gids: GidsCardConnection, ways: WaysTaken) {
    this.#channel = channel;
    this.#gids = gids;
    this.#ways = ways;
  }

  /** Checks the PIN, and logs nobody in. */
  async verifyPin(pin: Uint8Array): Promise<void> {
    await this.#use('pin', (pins) => pins.logIn(pin));
  }

  async changePin(oldPin: Uint8Array, newPin: Uint8Array): Promise<void> {
    await this.#use('pin', (pins) => pins.change(oldPin, newPin));
  }

  async unblockWithPuk(puk: Uint8Array, newPin: Uint8Array): Promise<void> {
    await this.#use('puk', (pins) => pins.resetByPuk(puk, newPin));
  }

  /** @throws VirtualSmartCardError as `CardConnection.asAdmin` */
  async asAdmin(respond: Parameters<Admin>[0], action: Parameters<Admin>[1]): Promise<void> {
    let module: CardModule | undefined;
    let resets = 0;
    const card = {
      exclusively: <T>(work: () => Promise<T>) => this.#channel.exclusively(work),
      challenge: async () => {
        module = await CardModule.load(this.#channel);
        const challenge = await required(module).challenge();
        resets = this.#channel.resets;
        return challenge;
      },
      answer: async (response: Uint8Array) => {
        // A module would say that the response is wrong, and the card might count it.
        if (this.#channel.resets !== resets) throw challengeEnded();
        await this.#answer(required(module), response, action);
      },
      reset: async () => {
        await module?.release();
        await this.#channel.reset();
      },
    };
    try {
      await answerChallenge(card, respond);
    } catch (error) {
      if (!isNotOffered(error)) {
        if (module) this.#ways.took('adminKey', module.file);
        throw error;
      }
      this.#ways.took('adminKey', undefined);
      await this.#gids.asAdmin(respond, action);
      return;
    }
    this.#ways.took('adminKey', module?.file);
  }

  async #answer(
    module: CardModule,
    response: Uint8Array,
    action: Parameters<Admin>[1],
  ): Promise<void> {
    if ('setAdminKey' in action) await module.changeAdminKey(response, action.setAdminKey);
    else if ('resetPin' in action) await this.#resetPin(module, response, action.resetPin);
    else await module.authenticateAdmin(response);
  }

  /** A card with a PUK refuses this with a code that says no more than that it refuses. */
  async #resetPin(module: CardModule, response: Uint8Array, newPin: Uint8Array): Promise<void> {
    try {
      await module.unblockByResponse(response, newPin);
    } catch (error) {
      if (!isRefusal(error) || !(await new GidsClient(this.#channel).pukTries())) throw error;
      throw new VirtualSmartCardError(
        'ERR_ADMIN_RESET_NOT_ALLOWED',
        'The card has a PUK, and only the PUK resets its PIN.',
        { cause: error, hresult: CredentialCode.SECURITY_VIOLATION },
      );
    }
  }

  async #use(use: Use, work: (pins: PinSession) => Promise<void>): Promise<void> {
    await this.#channel.exclusively(async () => {
      const client = new GidsClient(this.#channel);
      try {
        const isDone = await this.#useModule(use, client, work);
        if (isDone) return;
        this.#ways.took(use, undefined);
        await work(new PinSession(client));
      } finally {
        await this.#channel.reset();
      }
    });
  }

  /** False when the module cannot do it. */
  async #useModule(
    use: Use,
    client: GidsClient,
    work: (pins: PinSession) => Promise<void>,
  ): Promise<boolean> {
    const module = await CardModule.load(this.#channel);
    if (!module) return false;
    try {
      await work(new PinSession(new ModulePins(module, client)));
      this.#ways.took(use, module.file);
      return true;
    } catch (error) {
      if (isNotOffered(error)) return false;
      this.#ways.took(use, module.file);
      throw error;
    } finally {
      await module.release();
    }
  }
}

function challengeEnded(): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_ADMIN_CHALLENGE_ENDED', CHALLENGE_ENDED);
}

function required(module: CardModule | undefined): CardModule {
  if (module) return module;
  throw new VirtualSmartCardError('ERR_NOT_SUPPORTED', 'Windows has no module for the card.');
}

function isNotOffered(error: unknown): boolean {
  return VirtualSmartCardError.is(error, 'ERR_NOT_SUPPORTED');
}

function isRefusal(error: unknown): boolean {
  return VirtualSmartCardError.is(error) && error.hresult === CredentialCode.SECURITY_VIOLATION;
}
