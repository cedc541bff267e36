import { type CliError, usageError } from './failure.js';
import { overview, verbHelp } from './help-text.js';
import { COMMON_OPTIONS } from './options.js';
import type { Verb } from './verb.js';
import { changeAdminKey, derive, respond } from './verbs/admin-key.js';
import { agent } from './verbs/agent.js';
import { attest } from './verbs/attest.js';
import { attestAnswer, attestChallenge } from './verbs/attest-activation.js';
import { attestVerify } from './verbs/attest-verify.js';
import { certificates, exportCertificate } from './verbs/certificates.js';
import { certreq } from './verbs/certreq.js';
import { deleteKey, setDefaultKey } from './verbs/change-keys.js';
import { changePin } from './verbs/change-pin.js';
import { create } from './verbs/create.js';
import { destroy } from './verbs/destroy.js';
import { doctor } from './verbs/doctor.js';
import { est, estEnroll, estReenroll } from './verbs/est.js';
import { importPfx } from './verbs/import-pfx.js';
import { info } from './verbs/info.js';
import { install, uninstall } from './verbs/install-reader.js';
import { keys } from './verbs/keys.js';
import { list } from './verbs/list.js';
import { publish } from './verbs/publish.js';
import { selfTestVerb } from './verbs/self-test.js';
import { serve } from './verbs/serve.js';
import { sign } from './verbs/sign.js';
import { sshKey } from './verbs/ssh-key.js';
import { resetLockout, tpm } from './verbs/tpm.js';
import { unblock } from './verbs/unblock.js';
import { verifyPin } from './verbs/verify-pin.js';
import { version } from './verbs/version.js';

const help: Verb = {
  name: 'help',
  summary: 'explain the verbs, or one of them',
  operands: '[VERB]',
  maxOperands: 2,
  options: COMMON_OPTIONS,
  examples: ['help', 'help create', 'help tpm reset-lockout'],
  async run({ args }) {
    const { operands } = args;
    const lines = operands.length === 0 ? overview(VERBS) : verbHelp(findVerb(operands).verb);
    return { document: { help: lines.join('\n') }, lines };
  },
};

/** All verbs, in the order in which the help text lists them. */
export const VERBS: readonly Verb[] = [
  create,
  list,
  info,
  destroy,
  certreq,
  est,
  estEnroll,
  estReenroll,
  certificates,
  exportCertificate,
  importPfx,
  keys,
  deleteKey,
  setDefaultKey,
  sign,
  attest,
  attestVerify,
  attestChallenge,
  attestAnswer,
  verifyPin,
  changePin,
  unblock,
  respond,
  changeAdminKey,
  derive,
  tpm,
  resetLockout,
  doctor,
  serve,
  publish,
  install,
  uninstall,
  sshKey,
  agent,
  selfTestVerb,
  help,
  version,
];

/** Second words that mean what the first word alone means. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'certificates list': 'certificates',
  'est cacerts': 'est',
  'keys list': 'keys',
  'tpm status': 'tpm',
};

/** Options that stand for a verb. */
const SPELLINGS: Readonly<Record<string, string>> = {
  '--help': 'help',
  '-h': 'help',
  '-?': 'help',
  '/?': 'help',
  '--version': 'version',
};

/**
 * The verb at the beginning of a command line, in any case, and the words after it.
 *
 * @throws CliError `ERR_USAGE`
 */
export function findVerb(words: readonly string[]): { verb: Verb; rest: readonly string[] } {
  const first = words[0] as string;
  const one = SPELLINGS[first] ?? first.toLowerCase();
  const second = words[1];
  if (second !== undefined) {
    const two = `${one} ${second.toLowerCase()}`;
    const verb = byName(DEFAULTS[two] ?? two);
    if (verb) return { verb, rest: words.slice(2) };
  }
  const verb = byName(one);
  const seconds = secondWords(one);
  const isWord = second !== undefined && !/^[-/]/.test(second);
  if (seconds.length > 0 && (!verb || isWord)) {
    const found = isWord ? `, not by "${second.slice(0, 40)}"` : '';
    throw usageError(`"${one}" is followed by ${seconds.join(' or ')}${found}.`);
  }
  if (!verb) throw unknownVerb(first);
  return { verb, rest: words.slice(1) };
}

/** Not repeated where it may be an option with a secret. */
function unknownVerb(first: string): CliError {
  if (/^[-/]/.test(first)) return usageError('The verb comes first, before all options.');
  return usageError(`Unknown verb "${first.slice(0, 40)}".`);
}

function byName(name: string): Verb | undefined {
  return VERBS.find((verb) => verb.name === name);
}

function secondWords(first: string): string[] {
  return [...Object.keys(DEFAULTS), ...VERBS.map(({ name }) => name)]
    .filter((name) => name.startsWith(`${first} `))
    .map((name) => name.slice(first.length + 1));
}
