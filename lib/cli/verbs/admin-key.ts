import {
  AdminKey,
  formatAdminResponse,
  parseAdminChallenge,
  VirtualSmartCardError,
} from '../../index.js';
import { wipe } from '../../secret.js';
import {
  adminKeyFromHex,
  adminKeyProblem,
  bytesFromHex,
  masterKeyProblem,
} from '../admin-key-hex.js';
import { openCard } from '../choose-card.js';
import { codeProblem } from '../code-problem.js';
import { usageError } from '../failure.js';
import { KeyFile } from '../key-file.js';
import { ADMIN_KEY_OUT_OPTION, CARD_OPTIONS, COMMON_OPTIONS } from '../options.js';
import type { SecretRequest } from '../prompt.js';
import type { Context, Verb } from '../verb.js';

const ADMIN_KEY: SecretRequest = { name: 'admin key', check: adminKeyProblem };
const NEW_ADMIN_KEY: SecretRequest = {
  name: 'new admin key',
  fresh: true,
  check: adminKeyProblem,
};
const MASTER_KEY: SecretRequest = { name: 'master key', check: masterKeyProblem };

const KEY_OPTIONS = {
  'admin-key-stdin': {
    takes: 'nothing',
    text: 'read the keys from standard input, one line each in the order of the prompts',
  },
  diversifier: {
    takes: 'value',
    value: 'TEXT',
    text: 'what the key is derived for from the master key: its id, or what the card was given',
  },
} as const;

export const respond: Verb = {
  name: 'admin-key respond',
  summary: 'make the response to the challenge of a card that is elsewhere',
  operands: 'CHALLENGE',
  maxOperands: 1,
  options: { ...COMMON_OPTIONS, ...KEY_OPTIONS },
  notes: [
    'Asks for the admin key (48 hexadecimal digits), or with --diversifier for the master key (64 or more).',
    'Make sure who asks for it: the response lets them set a new PIN.',
  ],
  examples: [
    'admin-key respond 1A2B-3C4D-5E6F-7081-9A4C',
    'admin-key respond 1A2B-3C4D-5E6F-7081-9A4C --diversifier laptop-4711 --admin-key-stdin < master-key.txt',
  ],
  async run(context) {
    const [typed] = context.args.operands;
    if (typed === undefined) throw usageError('The challenge is missing.');
    const problem = codeProblem(parseAdminChallenge)(Buffer.from(typed));
    if (problem !== undefined) throw usageError(problem);
    using key = await askForKey(context);
    const response = formatAdminResponse(key.respond(parseAdminChallenge(typed)));
    return { document: { response, kcv: key.kcv }, lines: [response] };
  },
};

export const derive: Verb = {
  name: 'admin-key derive',
  summary: 'derive an admin key from a master key',
  options: { ...COMMON_OPTIONS, ...KEY_OPTIONS, ...ADMIN_KEY_OUT_OPTION },
  notes: ['Asks for the master key: 64 hexadecimal digits, or more of them.'],
  examples: [
    'admin-key derive --diversifier laptop-4711',
    'admin-key derive --diversifier laptop-4711 --admin-key-out key.txt --admin-key-stdin < master-key.txt',
  ],
  async run(context) {
    context.args.required('diversifier');
    const path = context.args.value('admin-key-out');
    using key = await askForKey(context);
    const { kcv } = key;
    if (path !== undefined) {
      const file = new KeyFile(path);
      await file.write(key);
      return { document: { kcv, adminKeyFile: path }, lines: [`The admin key is in ${path}.`] };
    }
    const adminKey = key.exportHex();
    return { document: { kcv, adminKey }, lines: [adminKey] };
  },
};

export const changeAdminKey: Verb = {
  name: 'admin-key change',
  summary: 'give the card another admin key',
  options: {
    ...CARD_OPTIONS,
    ...KEY_OPTIONS,
    ...ADMIN_KEY_OUT_OPTION,
    next: {
      takes: 'value',
      text: 'a random key (default; needs --admin-key-out), one that is asked for, or one derived from a master key for the card id or --diversifier',
      choices: ['random', 'prompt', 'derived'],
      secret: 'admin key',
    },
  },
  notes: [
    'Keys are asked for in this order: the admin key in force, then the new one or the master key.',
    'A random key is in the file before the card gets it.',
  ],
  examples: [
    'admin-key change --admin-key-out new-key.txt',
    'admin-key change --instance 0000 --next derived --admin-key-stdin < key-and-master-key.txt',
  ],
  run: change,
};

async function change(context: Context): ReturnType<Verb['run']> {
  const { args, secrets } = context;
  const next = args.value('next') ?? 'random';
  const path = args.value('admin-key-out');
  if ((next === 'random') !== (path !== undefined)) {
    throw usageError('--admin-key-out FILE and --next random belong together.');
  }
  const diversifier = args.value('diversifier');
  if (diversifier !== undefined && next !== 'derived') {
    throw usageError('--diversifier is for --next derived.');
  }
  const fromStdin = args.has('admin-key-stdin');
  secrets.requireSource(fromStdin, 'admin-key-stdin');
  const card = await openCard(context);
  const others = { random: [], prompt: [NEW_ADMIN_KEY], derived: [MASTER_KEY] }[next] ?? [];
  const asked = await secrets.ask([ADMIN_KEY, ...others], fromStdin);
  const [typed, second] = asked as [Buffer, Buffer];
  const masterKey = next === 'derived' ? bytesFromHex(second) : undefined;
  const file = path === undefined ? undefined : new KeyFile(path);
  let kcv = '';
  try {
    using current = adminKeyFromHex(typed);
    using nextKey = next === 'prompt' ? adminKeyFromHex(second) : AdminKey.random();
    await card.changeAdminKey(current, masterKey ? { masterKey, diversifier } : nextKey, {
      signal: context.signal,
      escrow: async ({ adminKey, kcv: nextKcv }) => {
        kcv = nextKcv;
        await file?.write(adminKey);
      },
    });
    file?.keep();
  } catch (error) {
    // The card may have it.
    if (VirtualSmartCardError.is(error) && error.adminKeyInForce === 'unknown') file?.keep();
    throw error;
  } finally {
    wipe(...asked, masterKey);
    await file?.close();
  }
  const { instanceId } = card;
  return {
    document: { instanceId, changed: true, kcv, ...(path !== undefined && { adminKeyFile: path }) },
    lines: [`The admin key was changed. Its key check value is ${kcv}.`],
    remarks: path === undefined ? [] : [`The admin key is in ${path}.`],
  };
}

/** The admin key, or with --diversifier the one that the master key gives. */
async function askForKey({ args, secrets }: Context): Promise<AdminKey> {
  const fromStdin = args.has('admin-key-stdin');
  secrets.requireSource(fromStdin, 'admin-key-stdin');
  const diversifier = args.value('diversifier');
  const request = diversifier === undefined ? ADMIN_KEY : MASTER_KEY;
  const asked = await secrets.ask([request], fromStdin);
  const [typed] = asked as [Buffer];
  const masterKey = diversifier === undefined ? undefined : bytesFromHex(typed);
  try {
    if (masterKey === undefined || diversifier === undefined) return adminKeyFromHex(typed);
    return AdminKey.derive(masterKey, diversifier);
  } finally {
    wipe(...asked, masterKey);
  }
}
