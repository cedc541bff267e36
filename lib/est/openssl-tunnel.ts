import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { VirtualSmartCardError } from '../errors.js';
import { concatSecret, wipe } from '../secret.js';
import { authenticationError } from './est-error.js';
import type { EstTarget } from './est-options.js';

/** A key that OpenSSL finds by PKCS #11. */
export interface OpensslKey {
  /** RFC 7512, without a PIN. */
  uri: string;
  /** PEM of its certificate. */
  certificate: string;
  pin: Buffer;
  /** The PKCS #11 module. */
  module: string;
}

/** Said by `s_client -brief` when the handshake is done. */
const ESTABLISHED = 'CONNECTION ESTABLISHED';

/** What is kept of what the program says. */
const LONGEST_REPORT = 20_000;

/**
 * A TLS 1.2 connection made by `openssl s_client`: the way to a key that node:tls cannot use. The PIN
 * goes through a pipe; certificates lie in a temporary folder for as long as the handshake takes. The
 * program ends with the stream, and when the signal fires.
 *
 * @throws VirtualSmartCardError `ERR_EST_CONNECTION`, `ERR_EST_AUTHENTICATION`, `ERR_NOT_SUPPORTED`
 * (the program or its engine is not installed)
 */
export async function opensslTunnel(target: EstTarget, key: OpensslKey): Promise<Duplex> {
  const { rootCertificates } = process.getBuiltinModule('node:tls');
  const folder = await mkdtemp(join(tmpdir(), 'virtual-smartcard-est-'));
  try {
    const [ca, certificate] = [join(folder, 'ca.pem'), join(folder, 'certificate.pem')];
    await writeFile(ca, target.trustAnchors ?? rootCertificates.join('\n'));
    await writeFile(certificate, key.certificate);
    return await connected(target, key, ['-CAfile', ca, '-cert', certificate]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function connected(
  target: EstTarget,
  key: OpensslKey,
  files: readonly string[],
): Promise<Duplex> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn('openssl', [...words(target), ...files, '-key', key.uri], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, PKCS11_MODULE_PATH: key.module },
    signal: target.signal,
    killSignal: 'SIGKILL',
  });
  const pinPipe = child.stdio[3] as Writable;
  // A program that ends early closes the pipes under us; how it ended is looked at below.
  for (const pipe of [pinPipe, child.stdin]) pipe.on('error', () => undefined);
  const line = concatSecret(key.pin, Buffer.from('\n'));
  pinPipe.end(line, () => wipe(line));
  await established(child, child.stderr);
  const stream = Duplex.from({ writable: child.stdin, readable: child.stdout });
  stream.once('close', () => child.kill('SIGKILL'));
  return stream;
}

/** The words of `openssl s_client`, without the names of files and key. */
function words({ host, port }: EstTarget): string[] {
  const { isIP } = process.getBuiltinModule('node:net');
  const address = isIP(host) === 6 ? `[${host}]` : host;
  const names = isIP(host)
    ? ['-noservername', '-verify_ip', host]
    : ['-servername', host, '-verify_hostname', host];
  return [
    ...['s_client', '-connect', `${address}:${port}`, ...names],
    ...['-verify_return_error', '-no-CApath', '-no-CAstore', '-quiet', '-brief'],
    // OpenSC signs for such cards with PKCS #1 v1.5 only, which TLS 1.3 has not.
    ...['-tls1_2', '-client_sigalgs', 'RSA+SHA256:RSA+SHA384:RSA+SHA512'],
    ...['-engine', 'pkcs11', '-keyform', 'engine', '-pass', 'fd:3'],
  ];
}

async function established(child: ChildProcess, stderr: Readable): Promise<void> {
  let report = '';
  await new Promise<void>((resolve, reject) => {
    stderr.on('data', (data: Buffer) => {
      report = (report + data.toString('latin1')).slice(-LONGEST_REPORT);
      if (report.includes(ESTABLISHED)) resolve();
    });
    child.on('error', (error) => reject(startError(error)));
    child.on('close', () => reject(handshakeError(report)));
  });
}

function startError(error: Error): Error {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' ? missing('openssl', error) : error;
}

function missing(what: string, cause?: Error): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED',
    `TLS by a card's key needs ${what}. On Debian: apt-get install openssl libengine-pkcs11-openssl opensc.`,
    { cause },
  );
}

/** TLS alerts that are about the client's certificate, as OpenSSL words them. */
const CERTIFICATE_ALERT =
  /alert (handshake failure|bad certificate|unsupported certificate|certificate \w+|unknown ca|access denied)/;

function handshakeError(report: string): VirtualSmartCardError {
  if (/invalid engine "pkcs11"/i.test(report)) return missing("openssl's engine for PKCS #11");
  const alert = CERTIFICATE_ALERT.exec(report)?.[0];
  if (alert) {
    return authenticationError(
      `The EST server did not accept the card's certificate for TLS: ${alert}.`,
    );
  }
  const why =
    /verify error:num=\d+:(.*)/.exec(report)?.[1] ??
    connectFailure(report) ??
    /^Could not read client.*$/m.exec(report)?.[0] ??
    /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(report)?.[1] ??
    'openssl ended';
  return new VirtualSmartCardError(
    'ERR_EST_CONNECTION',
    `The EST server cannot be reached by openssl, or is not trusted: ${why.trim()}.`,
    { cause: new Error(report.trim()) },
  );
}

/** `connect:errno=111`, in words. */
function connectFailure(report: string): string | undefined {
  const errno = /^connect:errno=(\d+)$/m.exec(report)?.[1];
  if (errno === undefined) return undefined;
  return `connect ${process.getBuiltinModule('node:util').getSystemErrorName(-Number(errno))}`;
}
