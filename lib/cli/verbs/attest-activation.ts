import type { ActivationChallenge, AttestationStatement } from '../../index.js';
import { makeCredential } from '../../index.js';
import { wipe } from '../../secret.js';
import { usageError } from '../failure.js';
import { readJson, writeJson } from '../json-file.js';
import { COMMON_OPTIONS, FORCE_OPTION } from '../options.js';
import type { Verb } from '../verb.js';

/** Readable by their owner only: whoever reads it could answer without a TPM. */
const PRIVATE = 0o600;

export const attestChallenge: Verb = {
  name: 'attest challenge',
  summary: "ask whether a statement's keys are in one TPM; for whoever checks it",
  operands: 'statement.json',
  maxOperands: 1,
  options: {
    ...COMMON_OPTIONS,
    ...FORCE_OPTION,
    out: {
      takes: 'value',
      value: 'FILE',
      text: 'the challenge, for the machine with the card; required',
      words: ['o'],
    },
    expected: {
      takes: 'value',
      value: 'FILE',
      text: 'what you keep for "attest verify"; required',
    },
  },
  examples: ['attest challenge statement.json --out challenge.json --expected expected.json'],
  notes: ['No card and no TPM is needed.'],
  async run({ args }) {
    const [path] = args.operands;
    if (path === undefined) throw usageError('The name of the file with the statement is missing.');
    const [out, kept] = [args.required('out'), args.required('expected')];
    const force = args.has('force');
    const statement = (await readJson(path)) as AttestationStatement;
    const { challenge, expected } = makeCredential(statement);
    await writeJson(kept, { force, mode: PRIVATE }, async () => expected);
    await writeJson(out, { force }, async () => challenge);
    return {
      document: { challenge, file: out, expected: kept },
      remarks: [`Challenge in ${out}; keep ${kept} for "attest verify".`],
    };
  },
};

export const attestAnswer: Verb = {
  name: 'attest answer',
  summary: 'answer a challenge; on the machine with the card',
  operands: 'challenge.json',
  maxOperands: 1,
  options: {
    ...COMMON_OPTIONS,
    ...FORCE_OPTION,
    out: {
      takes: 'value',
      value: 'FILE',
      text: 'where the answer goes; without it, it is shown',
      words: ['o'],
    },
  },
  examples: ['attest answer challenge.json --out answer.json'],
  notes: ['No PIN is needed: the TPM answers, not a card.'],
  async run({ args, openManager }) {
    const [path] = args.operands;
    if (path === undefined) throw usageError('The name of the file with the challenge is missing.');
    const challenge = (await readJson(path)) as ActivationChallenge;
    const out = args.value('out');
    const document = await writeJson(out, { force: args.has('force'), mode: PRIVATE }, async () => {
      const answer = await (await openManager()).activateCredential(challenge);
      try {
        return { answer: answer.toString('base64') };
      } finally {
        wipe(answer);
      }
    });
    return {
      document: { ...document, ...(out === undefined ? {} : { file: out }) },
      lines: out === undefined ? [document.answer] : [],
      remarks: out === undefined ? [] : [`Answer in ${out}.`],
    };
  },
};
