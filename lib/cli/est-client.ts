import { EstClient, type EstOptions, type VirtualSmartCard } from '../index.js';
import { wipe } from '../secret.js';
import { usageError } from './failure.js';
import { readInputFile } from './input-file.js';
import type { Options } from './options.js';
import type { SecretRequest } from './prompt.js';
import type { Context } from './verb.js';

/** Which server. */
export const EST_SERVER_OPTIONS = {
  url: { takes: 'value', value: 'URL', text: 'the EST server, https://est.example.com' },
  label: { takes: 'value', value: 'LABEL', text: 'which of its CAs, where it has several' },
  'ca-file': {
    takes: 'value',
    value: 'FILE',
    text: "PEM of the only CAs that the server's certificate may come from; else those Node trusts",
  },
} as const satisfies Options;

/** Who asks. */
export const EST_CLIENT_OPTIONS = {
  user: {
    takes: 'value',
    value: 'NAME',
    text: 'the name for HTTP Basic; its password is asked for',
  },
  'tls-cert': {
    takes: 'value',
    value: 'FILE',
    text: 'PEM of the TLS client certificate, with its chain',
  },
  'tls-key': { takes: 'value', value: 'FILE', text: 'PEM of its private key' },
} as const satisfies Options;

/** A key in files, as the options have it. */
interface TlsFiles {
  certificate: Buffer;
  privateKey: Buffer;
}

/** The secrets that go with the options, asked for in this order after the PIN. */
interface Wanted {
  names: SecretRequest[];
  tls: TlsFiles | undefined;
}

/** A client for a server that needs no authentication. */
export async function anonymousClient({ args }: Context): Promise<EstClient> {
  return new EstClient(await serverOptions(args));
}

/**
 * Asks for the PIN and what else is secret, and runs `use` with the client; then all of it is wiped.
 *
 * @param byCard - whose key authenticates where no other way is given; undefined for none
 */
export async function withClient<T>(
  { args, secrets }: Context,
  byCard: { card: VirtualSmartCard; container: string | undefined } | undefined,
  use: (client: EstClient, pin: Buffer) => Promise<T>,
): Promise<T> {
  const server = await serverOptions(args);
  const { names, tls } = await wanted(args);
  const asked = await secrets.ask([{ name: 'PIN' }, ...names], args.has('pin-stdin'));
  try {
    const [pin = Buffer.alloc(0), ...others] = asked;
    const username = args.value('user');
    const password = username === undefined ? undefined : others.shift();
    const passphrase = others.shift();
    const isByCard = byCard && !tls && username === undefined;
    const tlsClient = tls ? { ...tls, passphrase } : isByCard ? { ...byCard, pin } : undefined;
    await using client = new EstClient({ ...server, username, password, tlsClient });
    return await use(client, pin);
  } finally {
    wipe(...asked, tls?.privateKey);
  }
}

async function serverOptions(args: Context['args']): Promise<EstOptions> {
  const file = args.value('ca-file');
  const trustAnchors = file === undefined ? undefined : await readInputFile(file);
  return { url: args.required('url'), label: args.value('label'), trustAnchors };
}

async function wanted(args: Context['args']): Promise<Wanted> {
  const names = args.value('user') === undefined ? [] : [{ name: 'password' }];
  const [certificate, privateKey] = [args.value('tls-cert'), args.value('tls-key')];
  if (certificate === undefined && privateKey === undefined) return { names, tls: undefined };
  if (certificate === undefined || privateKey === undefined) {
    throw usageError('--tls-cert and --tls-key belong together.');
  }
  const tls = {
    certificate: await readInputFile(certificate),
    privateKey: await readInputFile(privateKey),
  };
  const isEncrypted = tls.privateKey.includes('ENCRYPTED');
  return { names: isEncrypted ? [...names, { name: 'passphrase' }] : names, tls };
}
