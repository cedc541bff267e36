import { usageError } from '../failure.js';
import {
  BACKEND_OPTION,
  COMMON_OPTIONS,
  FORCE_OPTION,
  INSTANCE_OPTION,
  PIN_OPTION,
} from '../options.js';
import type { Context, Verb } from '../verb.js';
import { accept } from './certreq-accept.js';
import type { CertreqAction } from './certreq-action.js';
import { makeNew } from './certreq-new.js';
import { retrieve } from './certreq-retrieve.js';
import { submit } from './certreq-submit.js';

/** certreq's verbs that there are here. */
const ACTIONS = { new: makeNew, accept, submit, retrieve } as const;
const ACTION_NAMES = ['new', 'accept', 'submit', 'retrieve'] as const;

/** certreq's verbs and options that there are not, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  enroll:
    'asks the policy servers of a domain, which only Windows does. Use -new, -submit and -accept; a renewal is -new with -cert and RequestType = CMC',
  policy: 'makes a policy for cross-certification, which no card needs',
  sign: "signs a request with an enrolment agent's certificate, which is not done here",
  machine:
    'means keys of the computer; those of a virtual smart card are used by whoever has its PIN. Leave it out',
};

export const certreq: Verb = {
  name: 'certreq',
  summary: 'make keys, certificates and requests as an INF file says; carry requests to a CA',
  operands: 'FILE… (see the examples)',
  maxOperands: 3,
  options: {
    ...COMMON_OPTIONS,
    // certreq's -q is more than --quiet.
    quiet: { takes: 'nothing', text: COMMON_OPTIONS.quiet.text },
    silent: {
      takes: 'nothing',
      text: 'print the result only, and ask nothing: the PIN comes by --pin-stdin',
      words: ['q'],
    },
    ...BACKEND_OPTION,
    ...INSTANCE_OPTION,
    ...PIN_OPTION,
    ...FORCE_OPTION,
    new: { takes: 'nothing', text: 'make a key and, by RequestType, a certificate or a request' },
    accept: { takes: 'nothing', text: 'store what a CA issued, with its chain, beside its key' },
    submit: { takes: 'nothing', text: 'Windows: send a request to a CA of Active Directory' },
    retrieve: { takes: 'nothing', text: 'Windows: ask that CA what became of a request' },
    cert: {
      takes: 'value',
      value: 'ID',
      text: 'with -new: the certificate to renew, by SHA-1 thumbprint or serial number; as RenewalCert',
    },
    replaces: {
      takes: 'value',
      value: 'CONTAINER',
      text: 'with -accept: the renewed key, which is deleted once its successor has a certificate',
    },
    attrib: {
      takes: 'value',
      value: '"NAME:VALUE\\nNAME:VALUE"',
      text: 'with -new and -submit: attributes for the CA, such as CertificateTemplate:SmartcardLogon',
    },
    config: {
      takes: 'value',
      value: '"MACHINE\\CA"',
      text: "with -submit and -retrieve: the CA; default: the machine's default one",
    },
    format: {
      takes: 'value',
      text: 'form of the files written; default pem',
      choices: ['pem', 'der'],
    },
    binary: { takes: 'nothing', text: 'the same as --format der' },
    user: { takes: 'nothing', text: 'keys of the user, which those of a card are anyway' },
    ...Object.fromEntries(
      Object.keys(REFUSED).map((name) => [
        name,
        { takes: 'nothing', text: 'refused: not here' } as const,
      ]),
    ),
  },
  notes: [
    '-new: RequestType = Cert makes a self-signed certificate and stores it on the card; PKCS10, CMC and',
    'PKCS7 make a request for a CA, whose key waits on the card. Without a second file name the result is',
    'beside the INF file, under its name with .cer or .req. The card is the one of --instance, of',
    'ReaderName in the INF, that with the certificate to renew, or the only one.',
    '-accept: without --instance, the card is the one that has the key.',
    '-submit and -retrieve: a certificate without a file for it is shown.',
  ],
  examples: [
    'certreq -new -f request.inf request.cer',
    'certreq -new request.inf',
    'certreq --new --instance 0000 --pin-stdin request.inf out.cer < pin.txt',
    'certreq -new -cert 00c0ffee renewal.inf renewal.req',
    'certreq -accept issued.p7b',
    'certreq -submit -attrib CertificateTemplate:SmartcardLogon -config "ca.example.org\\Example CA" request.req issued.cer chain.p7b',
    'certreq -retrieve -config "ca.example.org\\Example CA" 17 issued.cer',
  ],
  async run(context) {
    const { args } = context;
    for (const [name, why] of Object.entries(REFUSED)) {
      if (args.has(name)) throw usageError(`certreq -${name} ${why}.`);
    }
    const [name, ...others] = ACTION_NAMES.filter((each) => args.has(each));
    if (name === undefined || others.length > 0) {
      throw usageError('certreq is followed by one of -new, -accept, -submit and -retrieve.');
    }
    const action: CertreqAction = ACTIONS[name];
    checkUse(context, `-${name}`, action);
    context.at(`certreq -${name}`);
    return action.run(context);
  },
};

/** Options that not every action has. */
const SPECIAL = [
  'backend',
  'instance',
  'pin',
  'pin-stdin',
  'cert',
  'replaces',
  'attrib',
  'config',
  'format',
  'binary',
  'user',
];

/** An option that would have no effect is a mistake; so is a file too many, or none. */
function checkUse({ args, secrets }: Context, typed: string, action: CertreqAction): void {
  const { options, operands, maxOperands } = action;
  const useless = SPECIAL.find((name) => args.has(name) && !options.includes(name));
  if (useless !== undefined) throw usageError(`certreq ${typed} takes no --${useless}.`);
  const { length } = args.operands;
  if (length === 0 || length > maxOperands) {
    throw usageError(`certreq ${typed} is followed by ${operands}, not by ${length} names.`);
  }
  if (!options.includes('pin')) return;
  if (args.has('silent') && !args.has('pin-stdin')) {
    throw usageError('-q asks nothing, so the PIN has to come from standard input: --pin-stdin.');
  }
  secrets.requireSource(args.has('pin-stdin'));
}
