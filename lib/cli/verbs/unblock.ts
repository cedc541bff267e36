import { AdminKey } from '../../index.js';
import { wipe } from '../../secret.js';
import { adminKeyFromHex, adminKeyProblem } from '../admin-key-hex.js';
import { openCard } from '../choose-card.js';
import { usageError } from '../failure.js';
import { BACKEND_OPTION, COMMON_OPTIONS, INSTANCE_OPTION, PIN_STDIN_OPTION } from '../options.js';
import type { SecretRequest } from '../prompt.js';
import type { Verb } from '../verb.js';

const NEW_PIN: SecretRequest = { name: 'new PIN', fresh: true };

export const unblock: Verb = {
  name: 'unblock',
  summary: 'set a new PIN with the PUK, or with the admin key on a card without a PUK',
  options: {
    ...COMMON_OPTIONS,
    ...BACKEND_OPTION,
    ...INSTANCE_OPTION,
    ...PIN_STDIN_OPTION,
    puk: {
      takes: 'value',
      text: 'ask for the PUK (this is what happens anyway on a card with one)',
      choices: ['prompt'],
      secret: 'PUK',
    },
    'admin-key': {
      takes: 'value',
      text: 'ask for the admin key (this is what happens anyway), or the one everybody knows',
      choices: ['prompt', 'default'],
      secret: 'admin key',
      words: ['adminkey'],
    },
  },
  notes: [
    'Secrets are asked for in this order: PUK or admin key (48 hexadecimal digits), new PIN.',
  ],
  examples: ['unblock', 'unblock --instance 0000 --pin-stdin < puk-and-new-pin.txt'],
  async run(context) {
    const { args, secrets } = context;
    const fromStdin = args.has('pin-stdin');
    secrets.requireSource(fromStdin);
    const card = await openCard(context);
    const { hasPuk } = await card.info();
    if (hasPuk && args.has('admin-key')) {
      throw usageError(
        'The card has a PUK, and only the PUK resets its PIN. Leave out --admin-key.',
      );
    }
    if (!hasPuk && args.has('puk')) {
      throw usageError('The card has no PUK; the admin key resets its PIN. Leave out --puk.');
    }
    const asked: Buffer[] = [];
    try {
      if (hasPuk) {
        asked.push(...(await secrets.ask([{ name: 'PUK' }, NEW_PIN], fromStdin)));
        const [puk, newPin] = asked as [Buffer, Buffer];
        await card.unblock({ puk, newPin });
      } else if (args.value('admin-key') === 'default') {
        asked.push(...(await secrets.ask([NEW_PIN], fromStdin)));
        const [newPin] = asked as [Buffer];
        using adminKey = AdminKey.default();
        await card.unblock({ adminKey, newPin });
      } else {
        const key = { name: 'admin key', check: adminKeyProblem };
        asked.push(...(await secrets.ask([key, NEW_PIN], fromStdin)));
        const [typed, newPin] = asked as [Buffer, Buffer];
        using adminKey = adminKeyFromHex(typed);
        await card.unblock({ adminKey, newPin });
      }
    } finally {
      wipe(...asked);
    }
    const { instanceId } = card;
    return {
      document: { instanceId, unblocked: true },
      lines: ['The new PIN is set and the card is open for it.'],
    };
  },
};
