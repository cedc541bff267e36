import {
  AdminKey,
  type AdminResponder,
  formatAdminChallenge,
  parseAdminResponse,
} from '../../index.js';
import { wipe } from '../../secret.js';
import { adminKeyFromHex, adminKeyProblem } from '../admin-key-hex.js';
import { openCard } from '../choose-card.js';
import { codeProblem } from '../code-problem.js';
import { usageError } from '../failure.js';
import { CARD_OPTIONS, PIN_STDIN_OPTION } from '../options.js';
import type { SecretRequest } from '../prompt.js';
import type { Context, Verb } from '../verb.js';

const NEW_PIN: SecretRequest = { name: 'new PIN', fresh: true };

export const unblock: Verb = {
  name: 'unblock',
  summary: 'set a new PIN with the PUK, or with the admin key on a card without a PUK',
  options: {
    ...CARD_OPTIONS,
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
    offline: {
      takes: 'nothing',
      text: 'show a challenge, and wait for the response that a help desk makes of it with the admin key',
    },
  },
  notes: [
    'Secrets are asked for in this order: PUK or admin key (48 hexadecimal digits), new PIN.',
    'With --offline: new PIN, then the response, which "admin-key respond" makes elsewhere. The challenge is shown on standard error, and holds for as long as no other program ends it; then there is a new one.',
  ],
  examples: [
    'unblock',
    'unblock --offline',
    'unblock --instance 0000 --pin-stdin < puk-and-new-pin.txt',
  ],
  async run(context) {
    const { args, secrets } = context;
    const fromStdin = args.has('pin-stdin');
    secrets.requireSource(fromStdin);
    if (args.has('offline') && (args.has('admin-key') || args.has('puk'))) {
      throw usageError('--offline is for whoever has neither PUK nor admin key.');
    }
    const card = await openCard(context);
    const { hasPuk } = await card.info();
    if (hasPuk && args.has('admin-key')) {
      throw usageError(
        'The card has a PUK, and only the PUK resets its PIN. Leave out --admin-key.',
      );
    }
    if (hasPuk && args.has('offline')) {
      throw usageError('The card has a PUK, and only the PUK resets its PIN. Leave out --offline.');
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
      } else if (args.has('offline')) {
        asked.push(...(await secrets.ask([NEW_PIN], fromStdin)));
        const [newPin] = asked as [Buffer];
        await card.unblock({ adminKey: helpDesk(context, fromStdin), newPin });
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

/** Shows challenges, and takes the responses that somebody elsewhere makes of them. */
function helpDesk({ output, secrets }: Context, fromStdin: boolean): AdminResponder {
  let hasAsked = false;
  const check = codeProblem(parseAdminResponse);
  return async (challenge) => {
    if (hasAsked) output.demand('Another program has ended that challenge. This is a new one.');
    hasAsked = true;
    output.demand(`Challenge: ${formatAdminChallenge(challenge)}`);
    return parseAdminResponse(await secrets.askInClear({ name: 'response', check }, fromStdin));
  };
}
