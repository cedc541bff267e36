import { basename, dirname, extname, join } from 'node:path';
import { parseInf, type VirtualSmartCard } from '../../index.js';
import { wipe } from '../../secret.js';
import { certificateDocument } from '../certificate-text.js';
import { openCard } from '../choose-card.js';
import { CliError, usageError } from '../failure.js';
import { readBytes } from '../json-file.js';
import {
  BACKEND_OPTION,
  COMMON_OPTIONS,
  FORCE_OPTION,
  INSTANCE_OPTION,
  PIN_OPTION,
} from '../options.js';
import type { Result } from '../output.js';
import { OutputFile } from '../output-file.js';
import type { Context, Verb } from '../verb.js';

export const certreq: Verb = {
  name: 'certreq',
  summary: 'make a key and a certificate or a request for one, as an INF file says',
  operands: 'request.inf [out.cer]',
  maxOperands: 2,
  options: {
    ...COMMON_OPTIONS,
    ...BACKEND_OPTION,
    ...INSTANCE_OPTION,
    ...PIN_OPTION,
    ...FORCE_OPTION,
    new: { takes: 'nothing', text: 'make a key and, by RequestType, a certificate or a request' },
    accept: {
      takes: 'nothing',
      text: 'store the certificate that a CA issued: certreq -accept FILE',
    },
    format: {
      takes: 'value',
      text: 'form of the file written; default pem',
      choices: ['pem', 'der'],
    },
    binary: { takes: 'nothing', text: 'the same as --format der' },
  },
  notes: [
    'RequestType = Cert makes a self-signed certificate and stores it on the card; PKCS10 makes a',
    'request for a CA. Without a second file name it is written beside the INF file, under its name',
    'with .cer or .req. The card is the one of --instance, of ReaderName in the INF, or the only one.',
  ],
  examples: [
    'certreq -new -f request.inf request.cer',
    'certreq -new request.inf',
    'certreq --new --instance 0000 --pin-stdin request.inf out.cer < pin.txt',
    'certreq -accept issued.cer',
  ],
  async run(context) {
    const { args, secrets } = context;
    const [first, second] = args.operands;
    if (args.has('new') === args.has('accept')) {
      throw usageError('certreq is followed by either -new or -accept.');
    }
    if (first === undefined) throw usageError('The name of a file is missing.');
    secrets.requireSource(args.has('pin-stdin'));
    if (args.has('new')) return makeNew(context, first, second);
    if (second !== undefined) throw usageError('certreq -accept takes one file.');
    return accept(context, first);
  },
};

async function makeNew(
  context: Context,
  infPath: string,
  outPath: string | undefined,
): Promise<Result> {
  const { args, secrets } = context;
  const inf = await readBytes(infPath);
  const { requestType, readerName } = parseInf(inf);
  const path = outPath ?? besideInf(infPath, requestType === 'Cert' ? '.cer' : '.req');
  const file = await OutputFile.reserve(path, { force: args.has('force') });
  let asked: Buffer[] = [];
  try {
    const card = await openCard(context, readerName?.value);
    asked = await secrets.ask([{ name: 'PIN' }], args.has('pin-stdin'));
    const make = requestType === 'Cert' ? selfSigned : request;
    return await make(context, card, inf, asked[0] as Buffer, file);
  } finally {
    wipe(...asked);
    await file.discard();
  }
}

async function selfSigned(
  { args, signal }: Context,
  card: VirtualSmartCard,
  inf: Buffer,
  pin: Buffer,
  file: OutputFile,
): Promise<Result> {
  const certificate = await card.enroll(inf, { pin, signal });
  const { container } = certificate;
  try {
    await file.commit(derWanted(args) ? certificate.der : Buffer.from(certificate.pem));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const advice =
      `The certificate is on the card all the same, in container "${container}":` +
      ' "virtual-smartcard certificates export" writes it to a file.';
    throw new CliError(error.code, `${error.message} ${advice}`, { cause: error });
  }
  return {
    document: {
      instanceId: card.instanceId,
      requestType: 'Cert',
      ...certificateDocument(certificate),
      file: file.path,
    },
    remarks: [
      `Certificate stored on the card ${card.instanceId} in container "${container}",`,
      `and written to ${file.path}.`,
    ],
  };
}

async function request(
  { args, signal }: Context,
  card: VirtualSmartCard,
  inf: Buffer,
  pin: Buffer,
  file: OutputFile,
): Promise<Result> {
  const pending = await card.createRequest(inf, { pin, signal });
  const { container } = pending;
  try {
    await file.commit(derWanted(args) ? pending.der : Buffer.from(pending.pem));
  } catch (error) {
    // Nobody could use the key without its request.
    await pending.key.delete({ pin });
    throw error;
  }
  return {
    document: {
      instanceId: card.instanceId,
      requestType: 'PKCS10',
      container,
      algorithm: pending.key.algorithm,
      pem: pending.pem,
      file: file.path,
    },
    remarks: [
      `Key made on the card ${card.instanceId} in container "${container}";`,
      `the request for a CA is in ${file.path}. "certreq -accept FILE" stores what the CA issues.`,
    ],
  };
}

async function accept(context: Context, path: string): Promise<Result> {
  const { args, secrets, signal } = context;
  const issued = await readBytes(path);
  const card = await openCard(context);
  const asked = await secrets.ask([{ name: 'PIN' }], args.has('pin-stdin'));
  try {
    const pin = asked[0] as Buffer;
    const certificate = await card.installCertificate(issued, { pin, signal });
    return {
      document: { instanceId: card.instanceId, ...certificateDocument(certificate) },
      remarks: [`Certificate stored on the card in container "${certificate.container}".`],
    };
  } finally {
    wipe(...asked);
  }
}

function besideInf(infPath: string, extension: string): string {
  return join(dirname(infPath), basename(infPath, extname(infPath)) + extension);
}

function derWanted(args: Context['args']): boolean {
  return args.has('binary') || args.value('format') === 'der';
}
