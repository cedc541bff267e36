import type { X509Certificate } from 'node:crypto';
import { readCertificates } from '../../certificate-input.js';
import { type VirtualSmartCard, VirtualSmartCardError } from '../../index.js';
import { wipe } from '../../secret.js';
import { certificateDocument, oneLine, shownName } from '../certificate-text.js';
import { findOnCards } from '../find-on-cards.js';
import { readInputFile } from '../input-file.js';
import type { Result } from '../output.js';
import type { Context } from '../verb.js';
import { CARD_OPTIONS, type CertreqAction } from './certreq-action.js';

/** Stores a certificate, and its chain, beside the key that it was requested for. */
export const accept: CertreqAction = {
  operands: 'FILE',
  maxOperands: 1,
  options: [...CARD_OPTIONS, 'replaces'],
  run: acceptCertificate,
};

async function acceptCertificate(context: Context): Promise<Result> {
  const { args, secrets, signal } = context;
  const issued = await readInputFile(args.operands[0] as string);
  const card = await cardWithKey(context, await readCertificates(issued));
  const asked = await secrets.ask([{ name: 'PIN' }], args.has('pin-stdin'));
  try {
    const pin = asked[0] as Buffer;
    const replaces = args.value('replaces');
    const certificate = await card.installCertificate(issued, { pin, replaces, signal });
    const chain = await certificate.chain();
    const { container } = certificate;
    return {
      document: {
        instanceId: card.instanceId,
        ...certificateDocument(certificate),
        chain: chain.map(({ subject }) => oneLine(subject)),
      },
      remarks: [
        `Certificate stored on the card ${card.instanceId} in container "${container}".`,
        ...chain.map(({ subject }) => `The card has its CA's as well: ${shownName(subject)}`),
        ...(replaces === undefined ? [] : [`The key in container "${replaces}" is deleted.`]),
      ],
    };
  } finally {
    wipe(...asked);
  }
}

/** The card whose key one of the certificates is for. */
async function cardWithKey(
  context: Context,
  certificates: readonly X509Certificate[],
): Promise<VirtualSmartCard> {
  const keys = async (card: VirtualSmartCard) =>
    (await card.keys()).filter(({ publicKey }) =>
      certificates.some((each) => each.publicKey.equals(publicKey)),
    );
  const [found] = await findOnCards(context, keys, 'the key of this certificate');
  if (found) return found.card;
  const subjects = certificates.map(({ subject }) => `"${shownName(subject)}"`).join(', ');
  throw new VirtualSmartCardError(
    'ERR_CERTIFICATE_MISMATCH',
    `No key of a card is that of ${subjects}. Was it requested on another card, or was the key deleted?`,
  );
}
