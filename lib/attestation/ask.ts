import { type AbortOptions, checkOptions, checkSignal } from '../arguments.js';
import type { Backend, CardConnection } from '../backend/backend.js';
import { PIN_OPTIONS, type PinOptions, withPin } from '../credentials.js';
import { VirtualSmartCardError } from '../errors.js';
import { toCredential } from './credential.js';
import { qualifyingData } from './nonce.js';
import { type AttestationStatement, toStatement } from './statement.js';

/** Options of `key.attest`. */
export interface AttestOptions extends PinOptions {
  /** 16 to 64 bytes that whoever checks the statement chose for this one time. */
  nonce: Uint8Array;
}

const ADVICE =
  'The embedded backend can, on the store of the card. On Windows a card is made with the create option `attestation`, and the system attests its keys.';

/** Has the card's TPM make a statement about a key. */
export async function attestContainer(
  connection: CardConnection,
  container: string,
  options: AttestOptions,
): Promise<AttestationStatement> {
  checkOptions(options, ['nonce', ...PIN_OPTIONS]);
  const data = qualifyingData(options.nonce);
  return withPin(options, async (pin) => {
    if (connection.attest) return toStatement(await connection.attest(container, data, pin));
    throw notSupported('This backend cannot have a TPM make a statement about a key.');
  });
}

/** Has the TPM of the cards read a challenge. */
export async function answerChallenge(backend: Backend, challenge: unknown): Promise<Buffer> {
  const credential = toCredential(challenge);
  if (backend.activateCredential) return backend.activateCredential(credential);
  throw notSupported(`The ${backend.kind} backend does not reach the TPM's attestation key.`);
}

/** The container of the card's attestation identity key, where the system keeps one. */
export async function findAttestationKey(
  connection: CardConnection,
  options: AbortOptions,
): Promise<string | undefined> {
  checkOptions(options, ['signal']);
  checkSignal(options.signal);
  if (connection.attestationKeyContainer) return connection.attestationKeyContainer(options);
  throw new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED',
    'Only Windows keeps the attestation key of a card in a container. Elsewhere key.attest makes a statement by it, where the backend can.',
  );
}

function notSupported(what: string): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_NOT_SUPPORTED', `${what} ${ADVICE}`);
}
