import {
  type VirtualSmartCard,
  type VirtualSmartCardCertificate,
  VirtualSmartCardError,
} from '../../index.js';
import { certificateDocument, certificateLines } from '../certificate-text.js';
import { openCard } from '../choose-card.js';
import { CARD_OPTIONS, CONTAINER_OPTION, FORCE_OPTION } from '../options.js';
import { OutputFile } from '../output-file.js';
import type { Verb } from '../verb.js';

export const certificates: Verb = {
  name: 'certificates',
  summary: "list a card's certificates",
  options: CARD_OPTIONS,
  examples: ['certificates', 'certificates list --instance 0000 --json'],
  async run(context) {
    const card = await openCard(context);
    const found = await card.certificates();
    return {
      document: { instanceId: card.instanceId, certificates: found.map(certificateDocument) },
      lines: found.flatMap(certificateLines),
      remarks: found.length === 0 ? ['The card has no certificates.'] : [],
    };
  },
};

export const exportCertificate: Verb = {
  name: 'certificates export',
  summary: 'write a certificate to a file',
  options: {
    ...CARD_OPTIONS,
    ...CONTAINER_OPTION,
    ...FORCE_OPTION,
    out: { takes: 'value', value: 'FILE', text: 'where it goes; without it, it is shown' },
    format: { takes: 'value', text: 'default pem', choices: ['pem', 'der'] },
  },
  examples: [
    'certificates export --out card.pem',
    'certificates export --instance 0000 --container vpn --format der --out vpn.cer',
  ],
  async run(context) {
    const { args } = context;
    const card = await openCard(context);
    const certificate = await chooseCertificate(card, args.value('container'));
    const bytes = args.value('format') === 'der' ? certificate.der : Buffer.from(certificate.pem);
    const out = args.value('out');
    const document = { instanceId: card.instanceId, ...certificateDocument(certificate) };
    if (out === undefined) return { document, bytes };
    const file = await OutputFile.reserve(out, { force: args.has('force') });
    await file.commit(bytes);
    return {
      document: { ...document, file: file.path },
      remarks: [`The certificate of container "${certificate.container}" is in ${file.path}.`],
    };
  },
};

/** The certificate of a container, or the only one on the card. */
async function chooseCertificate(
  card: VirtualSmartCard,
  container: string | undefined,
): Promise<VirtualSmartCardCertificate> {
  if (container !== undefined) return (await card.key(container)).certificate();
  const [only, ...others] = await card.certificates();
  if (!only) {
    throw new VirtualSmartCardError('ERR_CERTIFICATE_NOT_FOUND', 'The card has no certificate.');
  }
  if (others.length === 0) return only;
  const names = [only, ...others].map((certificate) => `"${certificate.container}"`).join(', ');
  throw new VirtualSmartCardError(
    'ERR_CONTAINER_AMBIGUOUS',
    `The card has ${others.length + 1} certificates, in the containers ${names}.`,
  );
}
