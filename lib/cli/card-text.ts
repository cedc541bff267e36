import type { CardInfo } from '../index.js';

/** A card in two lines, for a list. */
export function cardSummary(card: CardInfo): string[] {
  const facts = [
    card.state,
    ...(card.tpm === undefined ? [] : [`tpm: ${card.tpm}`]),
    ...(card.pinTriesLeft === undefined ? [] : [`PIN ${pinState(card)}`]),
    ...(card.containerCount === undefined ? [] : [`keys: ${card.containerCount}`]),
    ...(card.readerName === undefined ? [] : [`reader: ${card.readerName}`]),
  ];
  return [`${card.instanceId}  ${card.name}`, `  ${facts.join(', ')}`];
}

/** Everything about a card, one fact a line. */
export function cardDetails(card: CardInfo): string[] {
  const facts: [string, string | number | undefined][] = [
    ['instance id', card.instanceId],
    ['name', card.name],
    ['state', card.stateReason ? `${card.state}: ${card.stateReason}` : card.state],
    ['tpm', card.tpm],
    ['card id', card.cardId],
    ['reader', card.readerName],
    ['PIN', card.pinTriesLeft === undefined ? undefined : pinState(card)],
    ['PUK', pukState(card)],
    ['anti-hammering', card.antiHammering],
    ['key import', yesOrNo(card.allowKeyImport)],
    ['keys', card.containerCount],
  ];
  const known = facts.filter(([, value]) => value !== undefined);
  const width = Math.max(...known.map(([label]) => label.length));
  return known.map(([label, value]) => `${`${label}:`.padEnd(width + 1)}  ${value}`);
}

function pinState({ pinTriesLeft, pinTriesMax }: CardInfo): string {
  if (pinTriesLeft === 0) return 'blocked';
  const most = pinTriesMax === undefined ? '' : ` of ${pinTriesMax}`;
  return `tries left: ${pinTriesLeft}${most}`;
}

function pukState({ hasPuk, pukTriesLeft }: CardInfo): string | undefined {
  if (hasPuk === undefined) return undefined;
  if (!hasPuk) return 'none';
  return pukTriesLeft === undefined ? 'set' : `tries left: ${pukTriesLeft}`;
}

function yesOrNo(value: boolean | undefined): string | undefined {
  if (value === undefined) return undefined;
  return value ? 'allowed' : 'not allowed';
}
