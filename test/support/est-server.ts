import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { EstCa } from './est-ca.js';

/** What the server was asked. */
export interface Asked {
  method: string;
  path: string;
  contentType: string | undefined;
  authorization: string | undefined;
  /** Subject of the TLS client certificate, if it is of the CA. */
  client: string | undefined;
  protocol: string | null;
  body: string;
}

/** An answer in place of the server's own. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** Who gets a certificate by name and password, and how the server is. */
export interface EstServerOptions {
  username?: string;
  password?: string;
  label?: string;
  /** Whether the handshake fails without a client certificate of the CA. */
  requireClientCertificate?: boolean;
}

/**
 * An EST server (RFC 7030) over a CA of the openssl program's, on a port of the loopback; stopped when
 * the test ends. Enrolment takes name and password or a TLS client certificate of the CA,
 * re-enrolment the certificate alone, and a request with its subject and alternative names.
 */
export class EstServer {
  readonly ca: EstCa;
  readonly asked: Asked[] = [];
  readonly #options: EstServerOptions;
  readonly #server: Server;
  readonly #answers: Answer[] = [];
  #silent = false;

  private constructor(ca: EstCa, server: Server, options: EstServerOptions) {
    this.ca = ca;
    this.#server = server;
    this.#options = options;
  }

  static async start(options: EstServerOptions = {}, ca?: EstCa): Promise<EstServer> {
    const by = ca ?? (await EstCa.make());
    const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
    const { certificate, privateKey } = await by.pair('/CN=localhost', names);
    const server = createServer({
      cert: certificate,
      key: privateKey,
      ca: by.pem,
      requestCert: true,
      rejectUnauthorized: options.requireClientCertificate ?? false,
    });
    const est = new EstServer(by, server, options);
    server.on('request', (request, response) => {
      est.#serve(request, response).catch((error: unknown) => {
        response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => est.stop());
    return est;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://localhost:${this.port}`;
  }

  /** Answers that come in place of its own, the first one first. */
  answerNext(...answers: Answer[]): void {
    this.#answers.push(...answers);
  }

  /** From now on requests are taken and never answered. */
  fallSilent(): void {
    this.#silent = true;
  }

  async connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const socket = request.socket as TLSSocket;
    const peer = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    const { method = '', url: path = '', headers } = request;
    const body = await buffer(request);
    this.asked.push({
      method,
      path,
      contentType: headers['content-type'],
      authorization: headers.authorization,
      client: peer?.subject,
      protocol: socket.getProtocol(),
      body: body.toString('latin1'),
    });
    if (this.#silent) return;
    const answer = this.#answers.shift() ?? (await this.#answer(request, peer, body));
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  async #answer(
    { url, method, headers }: IncomingMessage,
    peer: X509Certificate | undefined,
    body: Buffer,
  ): Promise<Answer> {
    const { label, username, password } = this.#options;
    const base = `/.well-known/est/${label === undefined ? '' : `${encodeURIComponent(label)}/`}`;
    if (url === `${base}cacerts` && method === 'GET') return this.#certsOnly(this.ca.pem);
    const isRenewal = url === `${base}simplereenroll`;
    if (method !== 'POST' || !(isRenewal || url === `${base}simpleenroll`)) return { status: 404 };
    if (headers['content-type'] !== 'application/pkcs10') return { status: 415 };
    const pair = Buffer.from(`${username}:${password}`).toString('base64');
    if (isRenewal ? !peer : !peer && headers.authorization !== `Basic ${pair}`) {
      const challenge = { 'www-authenticate': 'Basic realm="EST", charset="UTF-8"' };
      return { status: 401, headers: isRenewal ? {} : challenge };
    }
    const request = Buffer.from(body.toString('latin1'), 'base64');
    const certificate = await this.ca.sign(request);
    if (isRenewal && peer && !sameNames(peer, new X509Certificate(certificate))) {
      const text = 'the request is about somebody else than its sender\n';
      return { status: 403, headers: { 'content-type': 'text/plain' }, body: text };
    }
    return this.#certsOnly(certificate);
  }

  async #certsOnly(pem: string): Promise<Answer> {
    const headers = {
      'content-type': 'application/pkcs7-mime; smime-type=certs-only',
      'content-transfer-encoding': 'base64',
    };
    return { status: 200, headers, body: await this.ca.certsOnly(pem) };
  }
}

function sameNames(one: X509Certificate, other: X509Certificate): boolean {
  return one.subject === other.subject && one.subjectAltName === other.subjectAltName;
}
