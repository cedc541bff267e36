import type { VirtualSmartCard } from '../../index.js';
import { wipe } from '../../secret.js';
import { openCard } from '../choose-card.js';
import { CARD_OPTIONS, PIN_OPTION } from '../options.js';
import type { Result } from '../output.js';
import type { Context, Verb } from '../verb.js';

const OPTIONS = {
  ...CARD_OPTIONS,
  ...PIN_OPTION,
  container: { takes: 'value', value: 'NAME', text: 'container of the key; required' },
} as const;

export const deleteKey: Verb = {
  name: 'keys delete',
  summary: 'delete a key for good, with its certificate',
  options: OPTIONS,
  notes: ["A request whose key is deleted is of no use any more: the CA's answer finds no key."],
  examples: ['keys delete --container vpn', 'keys delete --container vpn --pin-stdin < pin.txt'],
  run: (context) =>
    withKey(context, { deleted: true }, 'is deleted', (card, container, options) =>
      card.deleteKey(container, options),
    ),
};

export const setDefaultKey: Verb = {
  name: 'keys set-default',
  summary: 'make a key the default one, which Windows takes for logon',
  options: OPTIONS,
  examples: ['keys set-default --container logon'],
  run: (context) =>
    withKey(context, { isDefault: true }, 'is the default one', (card, container, options) =>
      card.setDefault(container, options),
    ),
};

type KeyChange = (
  card: VirtualSmartCard,
  container: string,
  options: { pin: Buffer; signal: AbortSignal },
) => Promise<void>;

/** Does something to the key of a container, which must be there before the PIN is asked for. */
async function withKey(
  context: Context,
  outcome: Record<string, unknown>,
  words: string,
  change: KeyChange,
): Promise<Result> {
  const { args, secrets, signal } = context;
  const wanted = args.required('container');
  const fromStdin = args.has('pin-stdin');
  secrets.requireSource(fromStdin);
  const card = await openCard(context);
  const { container } = await card.key(wanted);
  const asked = await secrets.ask([{ name: 'PIN' }], fromStdin);
  try {
    await change(card, container, { pin: asked[0] as Buffer, signal });
  } finally {
    wipe(...asked);
  }
  return {
    document: { instanceId: card.instanceId, container, ...outcome },
    remarks: [`The key in container "${container}" ${words}.`],
  };
}
