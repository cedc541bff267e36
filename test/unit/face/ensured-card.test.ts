import { expect, test } from 'vitest';
import type { CardInfo } from '../../../lib/backend/backend.js';
import { checkCardId, findEnsured, requireAsAsked } from '../../../lib/ensured-card.js';

const ID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const OTHER_ID = '3f2504e0-4f89-41d3-9a0c-0305e82c3302';

function card(changes: Partial<CardInfo> = {}): CardInfo {
  return {
    ...{ instanceId: 'ROOT\\SMARTCARDREADER\\0000', name: 'Card', cardId: ID, state: 'ready' },
    ...{ readerName: undefined, stateReason: undefined, tpm: 'hardware', antiHammering: 'block' },
    ...{ allowKeyImport: false, hasPuk: false, pinTriesLeft: 5, pinTriesMax: 5 },
    ...{ pukTriesLeft: undefined, containerCount: 0 },
    ...changes,
  } as CardInfo;
}

const code = (expected: string, fields = {}) =>
  expect.objectContaining({ code: expected, ...fields });

test('a card is found by its exact name, or by its id whatever its name', () => {
  const cards = [card({ name: 'card', cardId: OTHER_ID }), card(), card({ name: 'Card ' })];
  expect(findEnsured(cards, 'Card', undefined)).toBe(cards[1]);
  expect(findEnsured(cards, 'CARD', undefined)).toBeUndefined();
  expect(findEnsured(cards, 'Card', OTHER_ID)).toBe(cards[0]);
  expect(findEnsured([], 'Card', ID)).toBeUndefined();
  expect(checkCardId(ID.toUpperCase())).toBe(ID);
});

test('an id that no card has leads to no other card', () => {
  expect(() => findEnsured([card({ cardId: OTHER_ID })], 'Card', ID)).toThrow(
    code('ERR_CARD_NOT_FOUND'),
  );
  const lost = card({ state: 'lost', cardId: undefined });
  expect(findEnsured([lost], 'Card', ID)).toBe(lost);
});

test.each([
  ['lost', { state: 'lost', stateReason: 'The TPM was cleared.' }, {}, 'ERR_CARD_LOST'],
  ['blank', { state: 'blank' }, {}, 'ERR_CARD_NOT_INITIALIZED'],
  ['for imported keys', { allowKeyImport: true }, { allowKeyImport: false }, 'ERR_CARD_DIFFERS'],
  ['of the other kind', { antiHammering: 'wait' }, { antiHammering: 'block' }, 'ERR_CARD_DIFFERS'],
  ['without a PUK', { hasPuk: false }, { puk: '12345678' }, 'ERR_CARD_DIFFERS'],
] as const)('a card that is %s is refused', (_what, found, asked, expected) => {
  const options = { name: 'Card', pin: '12345678', ...asked };
  expect(() => requireAsAsked(card(found), options)).toThrow(code(expected));
});

test('what is not asked for, or cannot be read, is not compared', () => {
  const options = { name: 'Card', pin: '12345678' };
  requireAsAsked(card({ allowKeyImport: true, antiHammering: 'wait', hasPuk: true }), options);
  const unreadable = card({ allowKeyImport: undefined, hasPuk: undefined });
  requireAsAsked(unreadable, { ...options, puk: '12345678', allowKeyImport: true });
  requireAsAsked(card({ state: 'blank' }), { ...options, generate: false });
  expect(() => requireAsAsked(card(), { ...options, allowKeyImport: true })).toThrow(
    code('ERR_CARD_DIFFERS', { parameter: 'allowKeyImport', expected: 'true', actual: 'false' }),
  );
});
