import { basename, dirname, extname, join } from 'node:path';
import { formatDuration } from '../../duration.js';
import {
  type EstCardEnrollment,
  type EstClient,
  enrollByEst,
  parseInf,
  reenrollByEst,
  type VirtualSmartCard,
} from '../../index.js';
import { certificateDocument } from '../certificate-text.js';
import { openCard } from '../choose-card.js';
import {
  anonymousClient,
  EST_CLIENT_OPTIONS,
  EST_SERVER_OPTIONS,
  withClient,
} from '../est-client.js';
import { usageError } from '../failure.js';
import { readInputFile } from '../input-file.js';
import {
  CARD_OPTIONS,
  COMMON_OPTIONS,
  CONTAINER_OPTION,
  FORCE_OPTION,
  PIN_OPTION,
} from '../options.js';
import type { Result } from '../output.js';
import { OutputFile } from '../output-file.js';
import type { Context, Verb } from '../verb.js';

const ENROLLMENT_OPTIONS = {
  ...CARD_OPTIONS,
  ...PIN_OPTION,
  ...EST_SERVER_OPTIONS,
  ...EST_CLIENT_OPTIONS,
  wait: {
    takes: 'nothing',
    text: 'ask again, as often as the server says, until there is a certificate',
  },
} as const;

export const est: Verb = {
  name: 'est',
  summary: "show an EST server's CA certificates (est cacerts)",
  options: {
    ...COMMON_OPTIONS,
    ...FORCE_OPTION,
    ...EST_SERVER_OPTIONS,
    out: { takes: 'value', value: 'FILE', text: 'where they go; without it, they are shown' },
  },
  examples: ['est cacerts --url https://est.example.com --ca-file root.pem --out ca.pem'],
  async run(context) {
    const { args, signal } = context;
    await using client = await anonymousClient(context);
    const certificates = await client.caCertificates({ signal });
    const pem = certificates.map((each) => `${each.toString().trimEnd()}\n`).join('');
    const document = { certificates: certificates.map(({ subject }) => subject), pem };
    const out = args.value('out');
    if (out === undefined) return { document, bytes: Buffer.from(pem) };
    const file = await OutputFile.reserve(out, { force: args.has('force') });
    await file.commit(Buffer.from(pem));
    return { document: { ...document, file: out }, remarks: [`CA certificates are in ${out}.`] };
  },
};

export const estEnroll: Verb = {
  name: 'est enroll',
  summary: 'make a key and get its certificate from an EST server, as an INF file says',
  operands: 'request.inf',
  maxOperands: 1,
  options: { ...ENROLLMENT_OPTIONS, ...FORCE_OPTION },
  notes: [
    'If the CA takes its time, the request is written beside the INF file, with .req; "est enroll" with',
    'that file asks again. The order of the prompts is PIN, password, passphrase of --tls-key.',
  ],
  examples: [
    'est enroll request.inf --url https://est.example.com --ca-file root.pem --user alice',
    'est enroll request.req --url https://est.example.com --ca-file root.pem --user alice --wait',
  ],
  async run(context) {
    const { args, secrets } = context;
    const [path] = args.operands;
    if (path === undefined) throw usageError('The name of the INF file is missing.');
    args.required('url');
    secrets.requireSource(args.has('pin-stdin'));
    const bytes = await readInputFile(path);
    const isRequest = bytes.includes('-----BEGIN CERTIFICATE REQUEST-----');
    return isRequest ? askAgain(context, bytes) : enroll(context, path, bytes);
  },
};

export const estReenroll: Verb = {
  name: 'est reenroll',
  summary: 'replace a certificate by its next one from an EST server, for the same key',
  options: { ...ENROLLMENT_OPTIONS, ...CONTAINER_OPTION },
  notes: [
    'Without --user and --tls-cert the present certificate and its key on the card authenticate, by the',
    'program openssl: the card must be in a reader of pcscd ("serve --publish"), the key RSA.',
  ],
  examples: ['est reenroll --container vpn --url https://est.example.com --ca-file root.pem'],
  async run(context) {
    const { args, secrets, signal } = context;
    args.required('url');
    secrets.requireSource(args.has('pin-stdin'));
    const card = await openCard(context);
    const container = args.value('container');
    const wait = args.has('wait');
    return withClient(context, { card, container }, async (client, pin) => {
      const result = await reenrollByEst(card, client, { container, pin, wait, signal });
      return resultOf(card, result, 'The same command asks again.');
    });
  },
};

async function enroll(context: Context, path: string, inf: Buffer): Promise<Result> {
  const { args, signal } = context;
  const { readerName } = parseInf(inf);
  const requestPath = join(dirname(path), `${basename(path, extname(path))}.req`);
  const file = await OutputFile.reserve(requestPath, { force: args.has('force') });
  try {
    const card = await openCard(context, readerName?.value);
    return await withClient(context, undefined, async (client, pin) => {
      let result = await enrollByEst(card, client, inf, { pin, signal });
      if (result.state === 'pending') {
        await keep(result.request, file, pin);
        if (args.has('wait')) result = await waited(context, card, client, result, pin);
      }
      return resultOf(card, result, `"est enroll ${requestPath}" asks again.`, requestPath);
    });
  } finally {
    await file.discard();
  }
}

type Pending = EstCardEnrollment & { state: 'pending' };

/** Nobody could use the key without its request. */
async function keep(request: Pending['request'], file: OutputFile, pin: Buffer): Promise<void> {
  try {
    await file.commit(Buffer.from(request.pem));
  } catch (error) {
    await request.key.delete({ pin });
    throw error;
  }
}

async function waited(
  { output, signal, at }: Context,
  card: VirtualSmartCard,
  client: EstClient,
  { request, retryAfterMs, message }: Pending,
  pin: Buffer,
): Promise<EstCardEnrollment> {
  at('est enroll, waiting');
  output.note(`The CA has not decided yet${message && `: ${message}`}.`);
  output.note(`Waiting for ${formatDuration(retryAfterMs)}; the request is kept.`);
  return enrollByEst(card, client, request, { pin, wait: true, signal });
}

/** Sends a request that an earlier call has left. */
async function askAgain(context: Context, request: Buffer): Promise<Result> {
  const { args, signal } = context;
  context.at('est enroll, again');
  const card = await openCard(context);
  return withClient(context, undefined, async (client, pin) => {
    const answer = await client.enroll(request, { wait: args.has('wait'), signal });
    if (answer.state === 'pending')
      return pendingResult(card, answer, 'The same command asks again.');
    const certificate = await card.installCertificate(answer.certificate, { pin, signal });
    return resultOf(card, { ...answer, certificate }, '');
  });
}

function resultOf(
  card: VirtualSmartCard,
  result: EstCardEnrollment,
  again: string,
  file?: string,
): Result {
  const { instanceId } = card;
  if (result.state === 'pending') {
    const { container, pem } = result.request;
    return pendingResult(card, result, again, { container, pem, ...(file && { file }) });
  }
  const { state, certificate } = result;
  return {
    document: { instanceId, state, ...certificateDocument(certificate) },
    remarks: [
      `Certificate stored on the card ${instanceId} in container "${certificate.container}".`,
    ],
  };
}

function pendingResult(
  { instanceId }: VirtualSmartCard,
  { state, retryAfterMs, message }: { state: string; retryAfterMs: number; message: string },
  again: string,
  more: Record<string, unknown> = {},
): Result {
  return {
    document: { instanceId, state, retryAfterMs, message, ...more },
    remarks: [
      `The CA has not decided yet${message && `: ${message}`}.`,
      `${again} Not before ${formatDuration(retryAfterMs)} have passed.`,
    ],
  };
}
