import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Turns } from '../../../dist/turns.js';

const execute = promisify(execFile);

/** As Windows names it: machine and authority. */
export const CONFIG = 'ca.lab.example\\Lab Issuing CA';
const [MACHINE, NAME] = CONFIG.split('\\');

/** CR_DISP_… */
const Disposition = { error: 1, denied: 2, issued: 3, pending: 5 };

/** Codes as AD CS answers them. */
const Code = {
  serverUnavailable: 0x800706ba,
  noSuchAuthority: 0x80070057,
  badSignature: 0x80090006,
  noRequest: 0x80094002,
  deniedByOfficer: 0x80094014,
  unsupportedTemplate: 0x80094800,
  noTemplate: 0x80094801,
  badEncoding: 0x8009310b,
};

/** What becomes of a request for a template. */
const TEMPLATES = { SmartcardLogon: 'issue', ManagerApproval: 'pend' };

/**
 * The lab's certification authority, below a root of its own, both made of OpenSSL: it answers as AD CS
 * does to a request, and remembers those that wait for somebody's decision.
 */
export class CertificationAuthority {
  #directory;
  #requests = new Map();
  /** One request after the other: they share files. */
  #turns = new Turns();
  #serial = 0;

  /** A request in base64; its answer, or `{ result }`, an HRESULT. */
  async submit({ request, attributes, config }) {
    return wrongConfig(config) ?? this.#turns.take(() => this.#take(request, attributes));
  }

  async #take(request, attributes) {
    await this.#prepare();
    const requestId = this.#requests.size + 1;
    const held = { requestId, der: Buffer.from(request, 'base64'), certificate: null, chain: null };
    this.#requests.set(requestId, held);
    Object.assign(held, await this.#judge(held.der));
    if (held.disposition === undefined) {
      const template = /^CertificateTemplate:(.*)$/m.exec(attributes ?? '')?.[1];
      await this.#decideByTemplate(held, template);
    }
    return answerOf(held);
  }

  retrieve({ requestId, config }) {
    const failure = wrongConfig(config);
    if (failure) return failure;
    const held = this.#requests.get(requestId);
    return held ? answerOf(held) : { result: Code.noRequest };
  }

  /** What an officer of the authority does with a request that waits. */
  async decide(requestId, issue) {
    const held = this.#requests.get(requestId);
    if (issue) await this.#turns.take(() => this.#issue(held));
    else deny(held, Code.deniedByOfficer, 'Denied by CA\\officer');
  }

  /** PEM of the root's certificate. */
  async rootCertificate() {
    await this.#turns.take(() => this.#prepare());
    return readFile(this.#file('root.pem'), 'utf8');
  }

  reset() {
    this.#requests.clear();
  }

  async close() {
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true });
  }

  #file(name) {
    return join(this.#directory, name);
  }

  /** Makes the authorities once. */
  async #prepare() {
    if (this.#directory) return;
    this.#directory = await mkdtemp(join(tmpdir(), 'vsc-windows-lab-ca-'));
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const of = (name, subject) => [
      ...['-keyout', this.#file(`${name}.key`), '-subj', subject],
      ...['-addext', 'basicConstraints=critical,CA:TRUE'],
    ];
    await openssl(
      ...['req', '-x509', ...newKey, '-days', '30', '-out', this.#file('root.pem')],
      ...of('root', '/O=Lab/CN=Lab Root CA'),
    );
    await openssl(
      ...['req', '-x509', ...newKey, '-days', '30', '-out', this.#file('issuing.pem')],
      ...['-CA', this.#file('root.pem'), '-CAkey', this.#file('root.key')],
      ...of('issuing', `/O=Lab/CN=${NAME}`),
    );
  }

  /** Whether it is a PKCS #10 request that its own key has signed; nothing when it is. */
  async #judge(der) {
    const file = this.#file('request.der');
    await writeFile(file, der);
    try {
      await openssl('req', '-in', file, '-inform', 'DER', '-noout');
    } catch {
      const message = 'Error Parsing Request  ASN1 bad tag value met.';
      return { disposition: Disposition.error, status: Code.badEncoding, message };
    }
    const { stderr } = await openssl('req', '-in', file, '-inform', 'DER', '-noout', '-verify');
    if (/verify OK/.test(stderr)) return {};
    const message = 'Error Verifying Request Signature  Invalid Signature.';
    return { disposition: Disposition.error, status: Code.badSignature, message };
  }

  async #decideByTemplate(held, template) {
    if (template === undefined) {
      deny(held, Code.noTemplate, 'Denied by Policy Module  The request contains no template.');
    } else if (TEMPLATES[template] === 'issue') {
      await this.#issue(held);
    } else if (TEMPLATES[template] === 'pend') {
      const message = 'Taken Under Submission';
      Object.assign(held, { disposition: Disposition.pending, status: 0, message });
    } else {
      const what = `Denied by Policy Module  The template ${template} is not supported.`;
      deny(held, Code.unsupportedTemplate, what);
    }
  }

  async #issue(held) {
    const [request, issued, bundle] = ['request.der', 'issued.pem', 'bundle.pem'].map((name) =>
      this.#file(name),
    );
    await writeFile(request, held.der);
    await openssl(
      ...['x509', '-req', '-in', request, '-inform', 'DER', '-days', '10', '-out', issued],
      ...['-CA', this.#file('issuing.pem'), '-CAkey', this.#file('issuing.key')],
      ...['-set_serial', String(1000 + ++this.#serial), '-copy_extensions', 'copy'],
    );
    const leaf = await readFile(issued);
    // From the root downwards: the order in a PKCS #7 means nothing.
    const above = await Promise.all(
      ['root.pem', 'issuing.pem'].map((n) => readFile(this.#file(n))),
    );
    await writeFile(bundle, Buffer.concat([...above, leaf]));
    const chain = await openssl('crl2pkcs7', '-nocrl', '-certfile', bundle);
    Object.assign(held, {
      ...{ disposition: Disposition.issued, status: 0, message: 'Issued' },
      certificate: base64Of(leaf.toString()),
      chain: base64Of(chain.stdout),
    });
  }
}

function wrongConfig(config) {
  const [machine, name] = config.split('\\');
  if (machine.toLowerCase() !== MACHINE) return { result: Code.serverUnavailable };
  return name === NAME ? undefined : { result: Code.noSuchAuthority };
}

function deny(held, status, message) {
  Object.assign(held, { disposition: Disposition.denied, status, message });
}

function answerOf({ der: _der, certificate, chain, ...held }) {
  return { ...held, ...(certificate && { certificate, chain }) };
}

/** The text between a PEM's lines, with the line ends that Windows has. */
function base64Of(pem) {
  return pem.replace(/-----[A-Z0-9 ]+-----\n/g, '').replaceAll('\n', '\r\n');
}

function openssl(...args) {
  return execute('openssl', args);
}
