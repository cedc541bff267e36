import type { Duplex } from 'node:stream';
import { checkCallback, checkOptions, checkText } from '../arguments.js';
import { SecretCopies } from '../credentials.js';
import { describeType, invalidArgument } from '../errors.js';
import { copySecret, type SecretInput } from '../secret.js';
import { cardConnector } from './card-connector.js';
import { type EstTlsCard, type EstTlsKey, isOnCard, secureContext } from './tls-client.js';
import { tlsConnector } from './tls-connector.js';
import { checkedTrustAnchors, type TrustAnchors } from './trust-anchors.js';

/** What a program of the caller's connects to. */
export interface EstTarget {
  /** Name or address, which the server's certificate must be for. */
  host: string;
  /** TCP port. */
  port: number;
  /** The only CAs that the server's certificate may come from, as PEM; undefined: no choice was made. */
  trustAnchors: string | undefined;
  /** Fires when nobody waits for the connection any more. */
  signal: AbortSignal;
}

/**
 * Makes a TLS connection to the server, trusted and authenticated, in place of node:tls. What is
 * written into the stream and read from it is what TLS carries.
 */
export type EstConnector = (target: EstTarget) => Promise<Duplex>;

/** Which EST server, why to trust it, and who asks. */
export interface EstOptions {
  /** The server, `https://est.example.com`; its path may be `/.well-known/est`. */
  url: string | URL;
  /** A server with several CAs: the one meant (RFC 7030, 3.2.2). */
  label?: string | undefined;
  /** The only CAs that the server's certificate may come from; default: those that Node trusts. */
  trustAnchors?: TrustAnchors | undefined;
  /** For HTTP Basic; sent only to this server, and only when it asks. */
  username?: string | undefined;
  /** Copied; wiped by `close`. */
  password?: SecretInput | undefined;
  /** Who asks, for TLS: a key in memory, or on a card. */
  tlsClient?: EstTlsKey | EstTlsCard | undefined;
  /** Makes the TLS connections in place of node:tls, and is who says by which key. */
  connect?: EstConnector | undefined;
  /** How long the server may take for one answer, 1 to 600000 milliseconds; default 30000. */
  timeoutMs?: number | undefined;
}

/** Options that have been checked. Whoever has them wipes the secrets. */
export interface CheckedEstOptions {
  origin: string;
  /** With the label, without a slash at the end. */
  path: string;
  trustAnchors: string | undefined;
  basic: { username: string; password: Buffer } | undefined;
  connect: EstConnector;
  timeoutMs: number;
  /** All of them, for the end. */
  secrets: SecretCopies;
}

const NAMES = [
  'url',
  'label',
  'trustAnchors',
  'username',
  'password',
  'tlsClient',
  'connect',
  'timeoutMs',
];
const WELL_KNOWN = '/.well-known/est';
/** RFC 7030, 3.2.2: an operation's name is no label. */
const OPERATIONS = /^(cacerts|simpleenroll|simplereenroll|fullcmc|serverkeygen|csrattrs)$/;
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_TIMEOUT_MS = 600_000;
const MAX_TEXT_LENGTH = 1024;

/** @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` */
export function checkedEstOptions(options: EstOptions): CheckedEstOptions {
  checkOptions(options, NAMES);
  const origin = checkedUrl(options.url);
  const path = WELL_KNOWN + checkedLabel(options.label);
  const trustAnchors = checkedTrustAnchors(options.trustAnchors);
  const timeoutMs = checkedTimeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const secrets = new SecretCopies();
  try {
    const connect = checkedConnector(options, trustAnchors, secrets);
    const basic = checkedBasic(options, secrets);
    return { origin, path, trustAnchors, basic, connect, timeoutMs, secrets };
  } catch (error) {
    secrets.wipe();
    throw error;
  }
}

function checkedConnector(
  { connect, tlsClient }: EstOptions,
  trustAnchors: string | undefined,
  secrets: SecretCopies,
): EstConnector {
  checkCallback(connect, 'connect');
  if (connect && tlsClient) {
    throw invalidArgument('tlsClient', 'nothing beside connect, which does the TLS', 'a key');
  }
  if (connect) return connect;
  if (!isOnCard(tlsClient)) return tlsConnector(secureContext(trustAnchors, tlsClient));
  const byCard = cardConnector(tlsClient);
  secrets.keep(byCard.pin);
  return byCard.connect;
}

/** @returns the origin */
function checkedUrl(value: unknown): string {
  const expected = `an https URL without a path, or with ${WELL_KNOWN},`;
  if (typeof value !== 'string' && !(value instanceof URL)) {
    throw invalidArgument('url', expected, describeType(value));
  }
  if (!URL.canParse(String(value))) throw invalidArgument('url', expected, 'something else');
  const url = new URL(value);
  if (url.protocol !== 'https:') throw invalidArgument('url', expected, `one of ${url.protocol}`);
  // Not repeated: they may be a password.
  if (url.username !== '' || url.password !== '') {
    throw invalidArgument('url', `${expected} and credentials as options`, 'one with credentials');
  }
  const path = url.pathname.replace(/\/$/, '');
  if ((path !== '' && path !== WELL_KNOWN) || url.search !== '' || url.hash !== '') {
    throw invalidArgument('url', `${expected} (a label is an option)`, 'one with another path');
  }
  return url.origin;
}

/** @returns it as a part of the path */
function checkedLabel(label: unknown): string {
  if (label === undefined) return '';
  const text = checkText(label, 'label', MAX_TEXT_LENGTH);
  if (OPERATIONS.test(text) || text.includes('/') || text === '.' || text === '..') {
    throw invalidArgument('label', "one path segment that is no operation's name", `"${text}"`);
  }
  return `/${encodeURIComponent(text)}`;
}

function checkedTimeout(value: unknown): number {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_TIMEOUT_MS) {
    return Number(value);
  }
  const actual = typeof value === 'number' ? String(value) : describeType(value);
  throw invalidArgument('timeoutMs', `1 to ${MAX_TIMEOUT_MS} milliseconds`, actual);
}

/** RFC 7617: the user's name ends at the first colon. */
function checkedBasic(
  { username, password }: EstOptions,
  secrets: SecretCopies,
): CheckedEstOptions['basic'] {
  if (username === undefined && password === undefined) return undefined;
  const name = checkText(username, 'username', MAX_TEXT_LENGTH);
  if (name.includes(':')) throw invalidArgument('username', 'a name without a colon', 'one with');
  if (password === undefined) throw invalidArgument('password', 'a password', 'nothing');
  return { username: name, password: secrets.keep(copySecret(password, 'password')) };
}
