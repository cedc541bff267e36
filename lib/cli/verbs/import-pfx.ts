import { wipe } from '../../secret.js';
import { certificateDocument } from '../certificate-text.js';
import { openCard } from '../choose-card.js';
import { usageError } from '../failure.js';
import { readInputFile } from '../input-file.js';
import { CARD_OPTIONS, PIN_OPTION } from '../options.js';
import type { Verb } from '../verb.js';

export const importPfx: Verb = {
  name: 'certificates import-pfx',
  summary: 'bring a key, its certificate and chain to a card that takes keys',
  operands: 'FILE.pfx',
  maxOperands: 1,
  options: {
    ...CARD_OPTIONS,
    ...PIN_OPTION,
    container: {
      takes: 'value',
      value: 'NAME',
      text: 'name of the new container; default: random',
    },
  },
  notes: [
    'The card was made with --allow-key-import. The password of the file is asked for first, then the PIN.',
  ],
  examples: [
    'certificates import-pfx jo.pfx',
    'certificates import-pfx --container mail --pin-stdin jo.pfx < password-and-pin.txt',
  ],
  async run(context) {
    const { args, secrets, signal } = context;
    const [path] = args.operands;
    if (path === undefined) throw usageError('The name of the PFX file is missing.');
    const fromStdin = args.has('pin-stdin');
    secrets.requireSource(fromStdin);
    const pfx = await readInputFile(path);
    let asked: Buffer[] = [];
    try {
      const card = await openCard(context);
      asked = await secrets.ask([{ name: 'password of the PFX' }, { name: 'PIN' }], fromStdin);
      const [password, pin] = asked as [Buffer, Buffer];
      const options = { password, pin, container: args.value('container'), signal };
      const certificate = await card.importPfx(pfx, options);
      const { container } = certificate;
      return {
        document: { instanceId: card.instanceId, ...certificateDocument(certificate) },
        remarks: [`Key and certificate are on the card in container "${container}".`],
      };
    } finally {
      // The file may have no password, or one that is known elsewhere: its key is a secret all the same.
      wipe(pfx, ...asked);
    }
  },
};
