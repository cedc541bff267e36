import { basename, dirname, extname, join } from 'node:path';
import { requireReader } from '../../enroll/enroll.js';
import { readInf } from '../../enroll/inf.js';
import { type EnrollmentRequest, formatInf, type VirtualSmartCard } from '../../index.js';
import { wipe } from '../../secret.js';
import { certificateDocument } from '../certificate-text.js';
import { CliError, usageError } from '../failure.js';
import { readInputFile } from '../input-file.js';
import type { Result } from '../output.js';
import { OutputFile } from '../output-file.js';
import { type RequestAttributes, readRequestAttributes } from '../request-attributes.js';
import type { Context } from '../verb.js';
import { CARD_OPTIONS, type CertreqAction, derWanted, FORM_OPTIONS } from './certreq-action.js';
import { certificateId, chooseCard } from './certreq-renewal.js';

/** Makes a key and, by RequestType, a self-signed certificate or a request for a CA. */
export const makeNew: CertreqAction = {
  operands: 'FILE.inf [FILE]',
  maxOperands: 2,
  options: [...CARD_OPTIONS, ...FORM_OPTIONS, 'cert', 'attrib'],
  run: newRequest,
};

async function newRequest(context: Context): Promise<Result> {
  const { args, secrets } = context;
  const [infPath, outPath] = args.operands as [string, string?];
  const id = certificateId(args.value('cert'));
  const attributes = readRequestAttributes(args.value('attrib'));
  const inf = await readInputFile(infPath);
  const read = readInf(inf, id);
  if (read.requestType === 'Cert' && attributes.length > 0) {
    throw usageError('--attrib is for a CA; RequestType = Cert asks none.');
  }
  const requestAttributes = withAttributes(read.requestAttributes, attributes);
  const extension = read.requestType === 'Cert' ? '.cer' : '.req';
  const path = outPath ?? besideInf(infPath, extension);
  const file = await OutputFile.reserve(path, { force: args.has('force') });
  let asked: Buffer[] = [];
  try {
    const { card, renewalCertificate } = await chooseCard(context, read, id);
    await requireReader(card, read);
    const request = { ...read, requestAttributes, renewalCertificate };
    // The text as it is, unless the command line says more, keeps its line numbers for errors.
    const isWhole = id === undefined && attributes.length === 0;
    const source = isWhole ? inf : formatInf(request);
    asked = await secrets.ask([{ name: 'PIN' }], args.has('pin-stdin'));
    const make = request.requestType === 'Cert' ? selfSigned : forAuthority;
    return await make(context, card, { request, source, pin: asked[0] as Buffer, file });
  } finally {
    wipe(...asked);
    await file.discard();
  }
}

interface Making {
  request: EnrollmentRequest;
  source: string | Buffer;
  pin: Buffer;
  file: OutputFile;
}

async function selfSigned(
  { args, signal }: Context,
  card: VirtualSmartCard,
  { source, pin, file }: Making,
): Promise<Result> {
  const certificate = await card.enroll(source, { pin, signal });
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

async function forAuthority(
  { args, signal }: Context,
  card: VirtualSmartCard,
  { request, source, pin, file }: Making,
): Promise<Result> {
  const pending = await card.createRequest(source, { pin, signal });
  const { container, requestType, pem, renews } = pending;
  try {
    await file.commit(derWanted(args) ? pending.der : Buffer.from(pem));
  } catch (error) {
    // Nobody could use a key that was made for it without the request.
    if (!request.useExistingKey) await pending.key.delete({ pin });
    throw error;
  }
  const made = request.useExistingKey ? 'The key is' : 'Key made';
  const replaces = renews === undefined ? '' : ` --replaces "${renews}"`;
  return {
    document: {
      instanceId: card.instanceId,
      requestType,
      container,
      algorithm: pending.key.algorithm,
      ...(renews === undefined ? {} : { renews }),
      pem,
      file: file.path,
    },
    remarks: [
      `${made} on the card ${card.instanceId} in container "${container}";`,
      `the request for a CA is in ${file.path}. "certreq -accept${replaces} FILE" stores what the CA issues.`,
    ],
  };
}

/** Those of the INF but for what the command line says otherwise. */
function withAttributes(
  ofInf: EnrollmentRequest['requestAttributes'],
  typed: RequestAttributes,
): RequestAttributes {
  const names = new Set(typed.map(({ name }) => name.toLowerCase()));
  return [...ofInf.filter(({ name }) => !names.has(name.toLowerCase())), ...typed];
}

function besideInf(infPath: string, extension: string): string {
  return join(dirname(infPath), basename(infPath, extname(infPath)) + extension);
}
