import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import {
  type KeyAlgorithm,
  SIGNATURE_ALGORITHM_NAMES,
  type SignatureAlgorithm,
} from '../../index.js';
import { wipe } from '../../secret.js';
import { openCard } from '../choose-card.js';
import { usageError } from '../failure.js';
import { fileReadError } from '../file-error.js';
import { CARD_OPTIONS, CONTAINER_OPTION, FORCE_OPTION, PIN_OPTION } from '../options.js';
import type { Result } from '../output.js';
import { OutputFile } from '../output-file.js';
import type { Context, Verb } from '../verb.js';

export const sign: Verb = {
  name: 'sign',
  summary: "sign a file with a card's key",
  options: {
    ...CARD_OPTIONS,
    ...CONTAINER_OPTION,
    ...PIN_OPTION,
    ...FORCE_OPTION,
    algorithm: {
      takes: 'value',
      value: 'NAME',
      text: 'RSA-SHA256, RSA-PSS-SHA256, ECDSA-SHA256, also with SHA1, SHA384, SHA512; default: the first that fits the key',
    },
    in: { takes: 'value', value: 'FILE', text: 'what to sign; required' },
    out: {
      takes: 'value',
      value: 'FILE',
      text: 'where the signature goes, as bytes; without it, it is shown as base64',
    },
    'dsa-encoding': {
      takes: 'value',
      text: 'form of an ECDSA signature; default der, which OpenSSL takes',
      choices: ['der', 'ieee-p1363'],
    },
  },
  examples: [
    'sign --algorithm RSA-SHA256 --in contract.pdf --out contract.sig',
    'sign --instance 0000 --container vpn --in data --out data.sig --pin-stdin < pin.txt',
  ],
  run: signFile,
};

async function signFile(context: Context): Promise<Result> {
  const { args, secrets, signal } = context;
  const wanted = algorithmOf(args.value('algorithm'));
  const input = args.required('in');
  const fromStdin = args.has('pin-stdin');
  secrets.requireSource(fromStdin);
  const card = await openCard(context);
  const key = await card.key(args.value('container'));
  const algorithm = wanted ?? defaultAlgorithm(key.algorithm);
  const digest = await digestOfFile(input, algorithm, signal);
  const out = args.value('out');
  const file =
    out === undefined ? undefined : await OutputFile.reserve(out, { force: args.has('force') });
  let asked: Buffer[] = [];
  try {
    asked = await secrets.ask([{ name: 'PIN' }], fromStdin);
    const dsaEncoding = args.value('dsa-encoding') as 'der' | 'ieee-p1363' | undefined;
    const options = { pin: asked[0] as Buffer, dsaEncoding, signal };
    const signature = await key.signDigest(algorithm, digest, options);
    await file?.commit(signature);
    const base64 = signature.toString('base64');
    return {
      document: {
        instanceId: card.instanceId,
        container: key.container,
        algorithm,
        signature: base64,
        ...(file ? { file: file.path } : {}),
      },
      lines: file ? [] : [base64],
      remarks: file
        ? [`${algorithm} signature by container "${key.container}" in ${file.path}.`]
        : [],
    };
  } finally {
    wipe(...asked);
    await file?.discard();
  }
}

function algorithmOf(typed: string | undefined): SignatureAlgorithm | undefined {
  if (typed === undefined) return undefined;
  const found = SIGNATURE_ALGORITHM_NAMES.find((name) => name === typed.toUpperCase());
  if (found) return found;
  const known = SIGNATURE_ALGORITHM_NAMES.join(', ');
  throw usageError(`--algorithm takes one of ${known}, not "${typed.slice(0, 40)}".`);
}

function defaultAlgorithm(key: KeyAlgorithm): SignatureAlgorithm {
  return key.startsWith('RSA') ? 'RSA-SHA256' : 'ECDSA-SHA256';
}

/** The file is read piece by piece: it may be larger than memory. */
async function digestOfFile(
  path: string,
  algorithm: SignatureAlgorithm,
  signal: AbortSignal,
): Promise<Buffer> {
  const hash: Hash = createHash(algorithm.slice(algorithm.lastIndexOf('-') + 1).toLowerCase());
  try {
    await pipeline(createReadStream(path), hash, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw fileReadError(path, error);
  }
  return hash.digest();
}
