import { X509Certificate } from 'node:crypto';
import { meaningOf } from '../../backend/windows/hresults.js';
import { VirtualSmartCardError } from '../../errors.js';
import { chainOf } from '../../issuers.js';
import type { NativeRequestAnswer } from '../../native-windows.js';
import { readCertificateBundle } from '../certs-only.js';

/** What each answer of a certification authority has. */
interface AuthorityAnswer {
  /** The authority that answered, as `MACHINE\NAME`: for the next question. */
  config: string;
  /** The number that the request has there. */
  requestId: number;
  /** The authority's own words, in its own language; may be empty. */
  message: string;
}

/** The certificate was issued. */
export interface IssuedAnswer extends AuthorityAnswer {
  /** `issued` */
  state: 'issued';
  /** For `card.installCertificate`. */
  certificate: X509Certificate;
  /** The certificates above it, its issuer's first, as far as the authority gave them. */
  chain: X509Certificate[];
  /** DER of the PKCS #7 with certificate and chain (a .p7b file); undefined when none was given. */
  pkcs7: Buffer | undefined;
}

/** An officer of the authority has to decide. Ask again later, by `requestId`. */
export interface PendingAnswer extends AuthorityAnswer {
  /** `pending` */
  state: 'pending';
}

/** The authority refused the request. */
export interface DeniedAnswer extends AuthorityAnswer {
  /** `denied` */
  state: 'denied';
  /** Why, as Windows numbers it, unsigned. */
  hresult: number;
  /** What to do about it. */
  advice: string;
}

/**
 * What a certification authority answered, by `state`.
 *
 * @example
 * ```ts
 * if (answer.state === 'issued') await card.installCertificate(answer.certificate, { pin });
 * if (answer.state === 'pending') console.log(`request ${answer.requestId} waits`);
 * if (answer.state === 'denied') console.error(answer.message, answer.advice);
 * ```
 */
export type RequestAnswer = IssuedAnswer | PendingAnswer | DeniedAnswer;

/** CR_DISP_…. */
const Disposition = {
  INCOMPLETE: 0,
  DENIED: 2,
  ISSUED: 3,
  ISSUED_OUT_OF_BAND: 4,
  UNDER_SUBMISSION: 5,
  REVOKED: 6,
} as const;

/** Why there is no certificate to be had, where the authority has not refused. */
const NO_CERTIFICATE: Readonly<Record<number, string>> = {
  [Disposition.INCOMPLETE]:
    'has not been completed. Ask for it again; if it stays so, submit the request again',
  [Disposition.ISSUED_OUT_OF_BAND]:
    'was answered by a certificate that the authority hands out by another way: ask its administrators',
  [Disposition.REVOKED]: 'has a certificate that is revoked. Submit a new request',
};

const ASK =
  "Ask the authority's administrators: its console lists the request under Failed Requests.";

/**
 * What Windows said of an authority's answer, as the library has it.
 *
 * @throws VirtualSmartCardError `ERR_CA_REQUEST`, `ERR_WINDOWS`
 */
export function toRequestAnswer(native: NativeRequestAnswer): RequestAnswer {
  const { config, requestId, message, disposition, status } = native;
  const answer = { config, requestId, message };
  switch (disposition) {
    case Disposition.ISSUED:
      return { state: 'issued', ...answer, ...readCertificates(native) };
    case Disposition.UNDER_SUBMISSION:
      return { state: 'pending', ...answer };
    case Disposition.DENIED: {
      const advice = meaningOf(status, 'requestCertificate')?.advice ?? ASK;
      return { state: 'denied', ...answer, hresult: status, advice };
    }
    default: {
      const why = NO_CERTIFICATE[disposition] ?? `has an unknown state (${disposition})`;
      const said = message === '' ? '' : ` It says: ${message}`;
      throw new VirtualSmartCardError(
        'ERR_CA_REQUEST',
        `Request ${requestId} at ${config} ${why}.${said}`,
        { hresult: status },
      );
    }
  }
}

function readCertificates({ certificate, chain, requestId, config }: NativeRequestAnswer) {
  try {
    const x509 = new X509Certificate(Buffer.from(certificate, 'base64'));
    const pkcs7 = chain === '' ? undefined : Buffer.from(chain, 'base64');
    const others = pkcs7 ? readCertificateBundle(pkcs7) : [];
    return { certificate: x509, chain: chainOf(x509, others), pkcs7 };
  } catch (cause) {
    const what = certificate === '' ? 'without handing it out' : 'in a form that is none';
    throw new VirtualSmartCardError(
      'ERR_WINDOWS',
      `${config} has issued the certificate of request ${requestId}, but Windows came back ${what}. Retrieve it again by that number.`,
      { cause },
    );
  }
}
