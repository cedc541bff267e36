import type { CardInfo } from './backend/backend.js';
import type { CreateOptions } from './create-request.js';
import { describeType, invalidArgument, VirtualSmartCardError } from './errors.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * A card id in the form that `CardInfo` has it in.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function checkCardId(cardId: unknown): string | undefined {
  if (cardId === undefined) return undefined;
  const id = typeof cardId === 'string' ? cardId.toLowerCase() : '';
  if (UUID.test(id)) return id;
  const actual = typeof cardId === 'string' ? `${cardId.length} characters` : describeType(cardId);
  throw invalidArgument('cardId', 'a UUID', actual);
}

/**
 * The card that is meant: that of the id, else the one of the name; undefined when there is none.
 *
 * @throws VirtualSmartCardError `ERR_CARD_AMBIGUOUS`, `ERR_CARD_NOT_FOUND` when another card than that of
 * the id has the name: to hand it out, or to make a second one, would both be wrong
 */
export function findEnsured(
  cards: readonly CardInfo[],
  name: string,
  cardId: string | undefined,
): CardInfo | undefined {
  const byId = cards.find((card) => cardId !== undefined && card.cardId === cardId);
  if (byId) return byId;
  const named = cards.filter((card) => card.name === name);
  const instanceIds = named.map(({ instanceId }) => instanceId);
  // A lost card tells no id: it may be the one.
  if (cardId !== undefined && named.some(({ state }) => state !== 'lost')) {
    throw new VirtualSmartCardError(
      'ERR_CARD_NOT_FOUND',
      `No card has the id ${cardId}, but there is another one of the name "${name}": ${instanceIds.join(', ')}. Leave out cardId if that one is meant, or choose another name.`,
    );
  }
  if (named.length > 1) {
    throw new VirtualSmartCardError(
      'ERR_CARD_AMBIGUOUS',
      `${named.length} cards have the name "${name}": ${instanceIds.join(', ')}. Say by cardId which one is meant.`,
      { instanceIds },
    );
  }
  return named[0];
}

/**
 * That a card that is there can be used, and is as it was asked for, as far as it can be read. What was
 * not asked for is not compared.
 *
 * @throws VirtualSmartCardError `ERR_CARD_LOST`, `ERR_CARD_NOT_INITIALIZED`, `ERR_CARD_DIFFERS`
 */
export function requireAsAsked(found: CardInfo, options: CreateOptions): void {
  const { instanceId, state, stateReason = 'The TPM no longer holds what it needs.' } = found;
  if (state === 'lost') {
    throw new VirtualSmartCardError(
      'ERR_CARD_LOST',
      `The card ${instanceId} of that name is lost: ${stateReason} Destroy it, and call again.`,
    );
  }
  if (state === 'blank' && options.generate !== false) {
    throw new VirtualSmartCardError(
      'ERR_CARD_NOT_INITIALIZED',
      `The card ${instanceId} of that name has no file system. Destroy it, and call again, or let a card management system set it up.`,
    );
  }
  const { allowKeyImport, antiHammering, puk } = options;
  requireEqual(instanceId, 'allowKeyImport', allowKeyImport, found.allowKeyImport);
  requireEqual(instanceId, 'antiHammering', antiHammering, found.antiHammering);
  if (puk === undefined || found.hasPuk !== false) return;
  throw differs(instanceId, 'puk', 'a card with a PUK', 'one without');
}

function requireEqual<T>(
  instanceId: string,
  parameter: string,
  wanted: T | undefined,
  actual: T | undefined,
): void {
  if (wanted === undefined || actual === undefined || wanted === actual) return;
  throw differs(instanceId, parameter, String(wanted), String(actual));
}

function differs(instanceId: string, parameter: string, expected: string, actual: string) {
  return new VirtualSmartCardError(
    'ERR_CARD_DIFFERS',
    `The card ${instanceId} exists, and is not as it was asked for: ${parameter} is to be ${expected}, and it is ${actual}. This cannot be changed; destroy the card, or ask for what it is.`,
    { parameter, expected, actual },
  );
}
