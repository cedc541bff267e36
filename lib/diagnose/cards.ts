import type { Backend, CardInfo } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { type CertificateTerms, checkContainer } from './certificates.js';
import type { Findings } from './findings.js';

/** So few tries left are told of, once one is used up. */
const FEW_TRIES = 2;

/**
 * Each card of an open backend, what it holds, and whether it can be used.
 *
 * @returns the cards; undefined when they cannot be listed
 */
export async function checkCards(
  backend: Backend,
  terms: CertificateTerms,
  findings: Findings,
): Promise<CardInfo[] | undefined> {
  let cards: CardInfo[];
  try {
    cards = await backend.list();
  } catch (error) {
    findings.failure('cards', 'The cards cannot be listed.', error);
    return undefined;
  }
  if (cards.length === 0) findings.info('cards', 'There is no card.');
  for (const card of cards) await checkCard(backend, card, terms, findings);
  return cards;
}

async function checkCard(
  backend: Backend,
  card: CardInfo,
  terms: CertificateTerms,
  findings: Findings,
): Promise<void> {
  const { instanceId: subject, name, state } = card;
  if (state === 'lost') {
    findings.error('card-lost', `The card "${name}" is lost.`, {
      ...(card.stateReason !== undefined && { detail: card.stateReason }),
      remedy: 'Destroy the card and make a new one: its keys cannot be had back.',
      subject,
    });
    return;
  }
  const facts = {
    ...(card.cardId !== undefined && { cardId: card.cardId }),
    ...(card.readerName !== undefined && { readerName: card.readerName }),
    ...(card.containerCount !== undefined && { containerCount: card.containerCount }),
  };
  checkPin(card, findings);
  checkPuk(card, findings);
  if (state === 'blank') {
    findings.info('card-blank', `The card "${name}" has no file system.`, {
      detail: 'It was made without "generate", for a card management system.',
      remedy: 'Set it up with such a system, or destroy it and make it with "generate".',
      subject,
      facts,
    });
    return;
  }
  findings.ok('card', `The card "${name}" can be used.`, { subject, facts });
  await checkContainers(backend, card, terms, findings);
}

async function checkContainers(
  backend: Backend,
  { instanceId, name }: CardInfo,
  terms: CertificateTerms,
  findings: Findings,
): Promise<void> {
  try {
    const connection = await backend.connect(instanceId);
    try {
      for (const container of await connection.containers()) {
        try {
          await checkContainer(connection, container, instanceId, terms, findings);
        } catch (error) {
          // Deleted meanwhile, or never finished: the others can be looked at.
          const title = 'The container cannot be read.';
          findings.failure('container', title, error, {
            subject: `${instanceId}/${container.name}`,
          });
          if (!VirtualSmartCardError.is(error, 'ERR_CONTAINER_NOT_FOUND')) return;
        }
      }
    } finally {
      await connection.close();
    }
  } catch (error) {
    findings.failure('card', `The card "${name}" cannot be read.`, error, { subject: instanceId });
  }
}

function checkPin(card: CardInfo, findings: Findings): void {
  const { instanceId: subject, name, pinTriesLeft, pinTriesMax, antiHammering } = card;
  if (pinTriesLeft === undefined || pinTriesMax === undefined) return;
  const facts = { pinTriesLeft, pinTriesMax };
  const isBlocked = pinTriesLeft === 0 && antiHammering !== 'wait';
  if (isBlocked) {
    findings.error('pin-blocked', `The PIN of the card "${name}" is blocked.`, {
      remedy: unblocking(card),
      subject,
      facts,
    });
  } else if (pinTriesLeft <= FEW_TRIES && pinTriesLeft < pinTriesMax) {
    findings.warning('pin-tries', `The card "${name}" has few PIN tries left.`, {
      detail: `${pinTriesLeft} of ${pinTriesMax} are left. A right PIN gives them all back.`,
      remedy:
        'Give the right PIN once ("virtual-smartcard verify-pin"), or unblock it when it is forgotten.',
      subject,
      facts,
    });
  }
}

function unblocking({ hasPuk, pukTriesLeft }: CardInfo): string {
  if (pukTriesLeft === 0)
    return 'Destroy the card: its PUK is blocked, too, and nothing else opens it.';
  const by =
    hasPuk === undefined ? 'the PUK or the admin key' : hasPuk ? 'the PUK' : 'the admin key';
  return `Set a new PIN with ${by}: "virtual-smartcard unblock".`;
}

function checkPuk({ instanceId, name, pukTriesLeft }: CardInfo, findings: Findings): void {
  if (pukTriesLeft === undefined) return;
  const rest = { subject: instanceId, facts: { pukTriesLeft } };
  if (pukTriesLeft === 0) {
    findings.warning('puk-blocked', `The PUK of the card "${name}" is blocked for good.`, {
      ...rest,
      detail: 'As long as its PIN is known the card works; after five wrong ones nothing opens it.',
      remedy: 'Move to a new card while this one can be used.',
    });
  } else if (pukTriesLeft <= FEW_TRIES) {
    findings.warning('puk-tries', `The card "${name}" has few PUK tries left.`, {
      ...rest,
      detail: `${pukTriesLeft} are left. A right PUK gives them all back.`,
      remedy: 'Find the right PUK before the next try.',
    });
  }
}
