import {
  type AttestationReport,
  type AttestationStatement,
  type ExpectedActivation,
  type VerifyAttestationOptions,
  verifyAttestation,
} from '../../index.js';
import type { Arguments } from '../arguments.js';
import { usageError } from '../failure.js';
import { readInputFile } from '../input-file.js';
import { readJson } from '../json-file.js';
import { COMMON_OPTIONS } from '../options.js';
import type { Verb } from '../verb.js';
import { NONCE_OPTION, nonceOf } from './attest.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

export const attestVerify: Verb = {
  name: 'attest verify',
  summary: 'check a statement, and tell what it proves',
  operands: 'statement.json',
  maxOperands: 1,
  options: {
    ...COMMON_OPTIONS,
    ...NONCE_OPTION,
    'ek-ca': {
      takes: 'value',
      value: 'FILE',
      text: 'certificates of the TPM makers that you trust, PEM; the statement must then be anchored',
    },
    expected: { takes: 'value', value: 'FILE', text: 'what "attest challenge" had you keep' },
    answer: { takes: 'value', value: 'FILE', text: 'what "attest answer" answered' },
    'known-key': {
      takes: 'value',
      value: 'NAME',
      text: 'Name of an attestation key that was anchored before',
    },
  },
  examples: [
    'attest verify statement.json --nonce 00112233445566778899aabbccddeeff',
    'attest verify statement.json --nonce 00112233445566778899aabbccddeeff --ek-ca makers.pem --expected expected.json --answer answer.json',
  ],
  notes: [
    'A statement that is broken or forged is an error. With --ek-ca or --known-key one that is not anchored ends with exit code 1, too.',
  ],
  async run({ args }) {
    const nonce = nonceOf(args);
    const [path] = args.operands;
    if (path === undefined) throw usageError('The name of the file with the statement is missing.');
    const known = args.value('known-key');
    const options: VerifyAttestationOptions = {
      nonce,
      endorsementRoots: await rootsOf(args.value('ek-ca')),
      activation: await activationOf(args),
      knownAttestationKeys: known === undefined ? undefined : [known],
    };
    const report = verifyAttestation((await readJson(path)) as AttestationStatement, options);
    const isWanted = args.has('ek-ca') || known !== undefined;
    return {
      document: documentOf(report),
      lines: linesOf(report),
      exitCode: isWanted && report.level !== 'anchored' ? 1 : 0,
    };
  },
};

async function rootsOf(path: string | undefined): Promise<string[] | undefined> {
  if (path === undefined) return undefined;
  const found = (await readInputFile(path)).toString('latin1').match(CERTIFICATE);
  if (found) return found;
  throw usageError(`${path} holds no certificate in PEM form.`);
}

async function activationOf(args: Arguments): Promise<VerifyAttestationOptions['activation']> {
  const [kept, answered] = [args.value('expected'), args.value('answer')];
  if ((kept === undefined) !== (answered === undefined)) {
    throw usageError('--expected and --answer belong together.');
  }
  if (kept === undefined || answered === undefined) return undefined;
  const { answer } = Object(await readJson(answered)) as { answer?: unknown };
  if (typeof answer !== 'string') throw usageError(`${answered} holds no answer.`);
  return {
    expected: (await readJson(kept)) as ExpectedActivation,
    answer: Buffer.from(answer, 'base64'),
  };
}

function documentOf({ publicKey, chain, ...report }: AttestationReport): Record<string, unknown> {
  return {
    ...report,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }),
    chain: chain?.map(({ subject }) => subject.replaceAll('\n', ', ')),
  };
}

function linesOf({ level, proves, findings, attestationKeyName }: AttestationReport): string[] {
  return [
    `level:            ${level}`,
    `proves:           ${proves.join(', ')}`,
    `attestation key:  ${attestationKeyName}`,
    ...findings.map(({ code, message }) => `${code}: ${message}`),
  ];
}
