import { wipe } from '../../secret.js';
import type { Arguments } from '../arguments.js';
import { openCard } from '../choose-card.js';
import { usageError } from '../failure.js';
import { writeJson } from '../json-file.js';
import { CARD_OPTIONS, CONTAINER_OPTION, FORCE_OPTION, PIN_OPTION } from '../options.js';
import type { Verb } from '../verb.js';

export const NONCE_OPTION = {
  nonce: {
    takes: 'value',
    value: 'HEX',
    text: 'what whoever checks the statement chose for this time: 32 to 128 digits; required',
  },
} as const;

export const attest: Verb = {
  name: 'attest',
  summary: "have the card's TPM state where a key was made",
  options: {
    ...CARD_OPTIONS,
    ...CONTAINER_OPTION,
    ...PIN_OPTION,
    ...FORCE_OPTION,
    ...NONCE_OPTION,
    out: {
      takes: 'value',
      value: 'FILE',
      text: 'where the statement goes; without it, it is shown',
      words: ['o'],
    },
  },
  examples: [
    'attest --nonce 00112233445566778899aabbccddeeff --out statement.json',
    'attest --instance 0000 --container vpn --nonce 00112233445566778899aabbccddeeff -o vpn.json',
  ],
  notes: ['"attest verify" tells what a statement proves.'],
  async run(context) {
    const { args, secrets, signal } = context;
    const nonce = nonceOf(args);
    const fromStdin = args.has('pin-stdin');
    secrets.requireSource(fromStdin);
    const card = await openCard(context);
    const key = await card.key(args.value('container'));
    const path = args.value('out');
    const statement = await writeJson(path, { force: args.has('force') }, async () => {
      const asked = await secrets.ask([{ name: 'PIN' }], fromStdin);
      try {
        return await key.attest({ nonce, pin: asked[0] as Buffer, signal });
      } finally {
        wipe(...asked);
      }
    });
    const { instanceId } = card;
    return {
      document: {
        instanceId,
        container: key.container,
        statement,
        ...(path === undefined ? {} : { file: path }),
      },
      lines: path === undefined ? [JSON.stringify(statement, null, 2)] : [],
      remarks:
        path === undefined ? [] : [`Statement about container "${key.container}" in ${path}.`],
    };
  },
};

/** @throws CliError `ERR_USAGE` */
export function nonceOf(args: Arguments): Buffer {
  const typed = args.required('nonce');
  if (/^([0-9a-f]{2}){16,64}$/i.test(typed)) return Buffer.from(typed, 'hex');
  throw usageError('--nonce takes 32 to 128 hexadecimal digits.');
}
