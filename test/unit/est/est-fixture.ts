import { EstClient, type EstEnrollment, type EstOptions } from '../../../lib/index.js';
import { EstServer, type EstServerOptions } from '../../support/est-server.js';
import { makeCard } from '../face/card-fixture.js';

/** Whom the server knows. */
export const CREDENTIALS = { username: 'jo', password: 'Grüße: 1' };

/** An INF that asks a CA for a certificate. */
export function infFor(subject: string, ...lines: string[]): string {
  const key = ['KeyAlgorithm = ECDSA_P256', 'RequestType = PKCS10'];
  return ['[NewRequest]', `Subject = "${subject}"`, ...key, ...lines].join('\n');
}

/** A server, and what makes clients of it. */
export async function setUp(options: EstServerOptions = CREDENTIALS) {
  const est = await EstServer.start(options);
  const { url, ca } = est;
  const client = (other: Partial<EstOptions> = {}) =>
    new EstClient({ url, trustAnchors: ca.pem, ...other });
  return { est, client };
}

/** A request of a new card's key. */
export async function requestOf(subject: string) {
  const { card, withPin } = await makeCard();
  return card.createRequest(infFor(subject), withPin);
}

/** Requires that there is a certificate. */
export function issued(answer: EstEnrollment) {
  if (answer.state !== 'issued') throw new Error('expected a certificate, but it is pending');
  return answer;
}
