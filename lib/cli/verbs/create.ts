import {
  AdminKey,
  type AntiHammering,
  type CreateOptions,
  PinPolicy,
  type VirtualSmartCard,
  VirtualSmartCardError,
} from '../../index.js';
import { wipe } from '../../secret.js';
import {
  adminKeyFromHex,
  adminKeyProblem,
  bytesFromHex,
  masterKeyProblem,
} from '../admin-key-hex.js';
import type { Arguments } from '../arguments.js';
import { usageError } from '../failure.js';
import { KeyFile } from '../key-file.js';
import {
  ADMIN_KEY_OUT_OPTION,
  COMMON_OPTIONS,
  MACHINE_OPTION,
  PIN_STDIN_OPTION,
} from '../options.js';
import type { Result } from '../output.js';
import { parsePinPolicyWords } from '../pin-policy-words.js';
import type { SecretRequest } from '../prompt.js';
import type { Context, Verb } from '../verb.js';

/** What tpmvscmgr's DEFAULT stands for, as PIN and as PUK. */
const DEFAULT_PIN = '12345678';

export const create: Verb = {
  name: 'create',
  summary: 'create a card',
  options: {
    ...COMMON_OPTIONS,
    ...PIN_STDIN_OPTION,
    ...MACHINE_OPTION,
    name: { takes: 'value', value: 'NAME', text: 'friendly name, 1 to 256 characters; required' },
    pin: {
      takes: 'value',
      text: 'ask for the PIN (this is what happens anyway), or 12345678',
      choices: ['prompt', 'default'],
      secret: 'PIN',
    },
    puk: {
      takes: 'value',
      text: 'give the card a PUK: ask for it, or 12345678',
      choices: ['prompt', 'default'],
      secret: 'PUK',
    },
    'admin-key': {
      takes: 'value',
      text: 'a random admin key (default), one that is asked for, or the one everybody knows',
      choices: ['random', 'prompt', 'default'],
      secret: 'admin key',
      words: ['adminkey'],
    },
    ...ADMIN_KEY_OUT_OPTION,
    'next-admin-key': {
      takes: 'value',
      text: 'change the admin key at once to the one that a master key, which is asked for, gives for the card id or --diversifier',
      choices: ['derived'],
      secret: 'master key',
    },
    diversifier: { takes: 'value', value: 'TEXT', text: 'what the next admin key is derived for' },
    'if-missing': {
      takes: 'nothing',
      text: 'make it only if there is no card of that name yet; else show that one',
    },
    generate: { takes: 'nothing', text: 'give the card a file system, so that it can be used' },
    'pin-policy': {
      takes: 'words',
      value: 'WORDS',
      text: 'minlen N, maxlen N, and uppercase, lowercase, digits, specialchars, each followed by ALLOWED, DISALLOWED or REQUIRED',
      words: ['pinpolicy'],
    },
    'anti-hammering': {
      takes: 'value',
      text: "five wrong PINs block the card (default), or wrong PINs count in the TPM's lockout",
      choices: ['block', 'wait'],
    },
    'allow-key-import': { takes: 'nothing', text: 'keys may be brought to the card from outside' },
    attestation: {
      takes: 'value',
      text: 'Windows only',
      choices: ['aik_and_cert', 'aik_only'],
    },
  },
  notes: [
    'Secrets are asked for in this order: PIN, PUK, admin key (48 hexadecimal digits), master key (64 or more).',
    'A random admin key is shown once, at the end. It resets the PIN of a card without a PUK.',
  ],
  examples: [
    'create --name "Work laptop" --generate',
    'create /name "Work laptop" /pin prompt /adminkey random /generate /pinpolicy minlen 4 uppercase allowed lowercase allowed specialchars allowed',
    'create --name Signing --generate --pin-stdin --admin-key-out admin-key.txt --json < pin.txt',
    'create --name Laptop --generate --next-admin-key derived --pin-stdin < pin-and-master-key.txt',
    'create --name Signing --generate --if-missing --pin-stdin --admin-key-out admin-key.txt < pin.txt',
  ],
  run: createCard,
};

async function createCard(context: Context): Promise<Result> {
  const { args } = context;
  const name = args.required('name');
  const pinPolicy = pinPolicyOf(args);
  rejectAttestation(args);
  const adminKeyKind = args.value('admin-key') ?? 'random';
  const outPath = args.value('admin-key-out');
  if (outPath !== undefined && adminKeyKind !== 'random') {
    throw usageError('--admin-key-out takes a random admin key; use it with --admin-key random.');
  }
  const isDerived = args.has('next-admin-key');
  if (isDerived && outPath !== undefined) {
    throw usageError('A derived admin key is not kept in a file. Leave out --admin-key-out.');
  }
  if (!isDerived && args.has('diversifier')) {
    throw usageError('--diversifier is for --next-admin-key derived.');
  }
  const requests = secretRequests(args, pinPolicy);
  const fromStdin = args.has('pin-stdin');
  if (requests.length > 0) context.secrets.requireSource(fromStdin);

  const keyFile = outPath === undefined ? undefined : new KeyFile(outPath);
  let secrets: Buffer[] = [];
  let adminKey: AdminKey | undefined;
  let masterKey: Buffer | undefined;
  try {
    // With --if-missing it is there from the first time, when the card was made.
    if (!args.has('if-missing')) await keyFile?.reserve();
    secrets = await context.secrets.ask(requests, fromStdin);
    const given = new Map(requests.map((request, at) => [request.name, secrets[at]]));
    adminKey = adminKeyOf(adminKeyKind, given.get('admin key'));
    const typed = given.get('master key');
    masterKey = typed && bytesFromHex(typed);
    const manager = await context.openManager({ machine: args.value('machine') });
    const options: CreateOptions = {
      name,
      pinPolicy,
      adminKey,
      nextAdminKey: masterKey && { masterKey, diversifier: args.value('diversifier') },
      escrow: keyFile && (({ adminKey: key }) => keyFile.write(key)),
      pin: given.get('PIN') ?? DEFAULT_PIN,
      puk: args.has('puk') ? (given.get('PUK') ?? DEFAULT_PIN) : undefined,
      generate: args.has('generate'),
      allowKeyImport: args.has('allow-key-import') || undefined,
      antiHammering: args.value('anti-hammering') as AntiHammering | undefined,
      onProgress: context.output.progress,
      signal: context.signal,
    };
    const { card, created } = args.has('if-missing')
      ? await manager.ensure(options)
      : { card: await manager.create(options), created: true };
    keyFile?.keep();
    if (!created) return await foundResult(card);
    const isShown = adminKeyKind === 'random' && !keyFile && !masterKey;
    const shown = isShown ? adminKey.exportHex() : undefined;
    const result = await resultOf(card, shown, keyFile?.path);
    return args.has('if-missing')
      ? { ...result, document: { ...result.document, created } }
      : result;
  } catch (error) {
    if (leavesCard(error)) keyFile?.keep();
    throw error;
  } finally {
    wipe(...secrets, masterKey);
    adminKey?.dispose();
    await keyFile?.close();
  }
}

/** Whether there is a card in spite of the error: then its key is wanted. */
function leavesCard(error: unknown): boolean {
  if (!VirtualSmartCardError.is(error) || error.code === 'ERR_CARD_AMBIGUOUS') return false;
  return error.instanceIds !== undefined;
}

async function foundResult(card: VirtualSmartCard): Promise<Result> {
  const info = await card.info();
  return {
    document: { ...info, created: false },
    lines: [`Smart Card Reader Device Instance ID = ${info.instanceId}`],
    remarks: ['The card was there already.'],
  };
}

async function resultOf(
  card: VirtualSmartCard,
  adminKey: string | undefined,
  adminKeyFile: string | undefined,
): Promise<Result> {
  const { instanceId } = card;
  const info = await card.info();
  const lines = [`Smart Card Reader Device Instance ID = ${instanceId}`];
  if (adminKey) lines.push(`Admin key (shown only this once, keep it safe) = ${adminKey}`);
  const remarks: string[] = [];
  if (adminKeyFile) remarks.push(`The admin key is in ${adminKeyFile}.`);
  if (info.state === 'blank') {
    remarks.push('The card has no file system yet: it was made without --generate.');
  }
  return {
    document: {
      ...info,
      ...(adminKey ? { adminKey } : {}),
      ...(adminKeyFile ? { adminKeyFile } : {}),
    },
    lines,
    remarks,
    ...(adminKey ? { loss: lossOf(instanceId) } : {}),
  };
}

function lossOf(instanceId: string): string {
  return (
    `The card ${instanceId} was made, but its random admin key could not be shown and is lost.` +
    ' Destroy the card and create it again, or use --admin-key-out.'
  );
}

/** As with tpmvscmgr, a policy needs a PIN that is asked for. */
function pinPolicyOf(args: Arguments): PinPolicy {
  const words = args.words('pin-policy');
  if (words && args.value('pin') === 'default') {
    throw usageError('A PIN policy is possible only with a PIN that is asked for: --pin prompt.');
  }
  return PinPolicy.from(words ? parsePinPolicyWords(words) : {});
}

function rejectAttestation(args: Arguments): void {
  if (!args.has('attestation')) return;
  throw new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED',
    'Attestation (AIK) is done by Windows only. Leave out /attestation.',
    { parameter: 'attestation' },
  );
}

function secretRequests(args: Arguments, policy: PinPolicy): SecretRequest[] {
  const requests: SecretRequest[] = [];
  if (args.value('pin') !== 'default') {
    const check = (pin: Uint8Array) => policy.violations(pin).join('; ') || undefined;
    requests.push({ name: 'PIN', fresh: true, check });
  }
  if (args.value('puk') === 'prompt') requests.push({ name: 'PUK', fresh: true, check: checkPuk });
  if (args.value('admin-key') === 'prompt') {
    requests.push({ name: 'admin key', fresh: true, check: adminKeyProblem });
  }
  if (args.has('next-admin-key')) requests.push({ name: 'master key', check: masterKeyProblem });
  return requests;
}

function checkPuk(puk: Uint8Array): string | undefined {
  return puk.length >= 8 && puk.length <= 127 ? undefined : 'it must have 8 to 127 bytes';
}

function adminKeyOf(kind: string, typed: Buffer | undefined): AdminKey {
  if (typed) return adminKeyFromHex(typed);
  return kind === 'default' ? AdminKey.default() : AdminKey.random();
}
