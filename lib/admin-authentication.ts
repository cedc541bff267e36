import { AdminKey } from './admin-key.js';
import { describeType, invalidArgument } from './errors.js';
import { unlessAborted } from './unless-aborted.js';

/**
 * Answers a card's 8-byte challenge with the 8-byte response that the admin key makes of it, where
 * the key itself is kept elsewhere: on a server, in an HSM, at a help desk. See {@link AdminKey.respond}.
 * It may take minutes, and must not wait for a call on the same card, which waits for the response. It
 * is called again, with another challenge, when another program ended the first one meanwhile.
 */
export type AdminResponder = (challenge: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** Who proves to be the card's administrator: the admin key, or someone who answers for it. */
export type AdminAuthenticator = AdminKey | AdminResponder;

/**
 * Runs `use` with a responder for the authenticator. An admin key is copied before the first wait,
 * so that disposing of the caller's changes nothing, and the copy is wiped afterwards.
 *
 * @param signal - ends the wait for somebody's response, with `ERR_ABORTED`
 */
export async function withAdmin<T>(
  authenticator: AdminAuthenticator,
  parameter: string,
  use: (respond: (challenge: Uint8Array) => Promise<Uint8Array>) => Promise<T>,
  signal?: AbortSignal | undefined,
): Promise<T> {
  if (typeof authenticator === 'function') {
    const answer = async (challenge: Uint8Array) => authenticator(challenge);
    return use(async (challenge) => checkResponse(await unlessAborted(answer(challenge), signal)));
  }
  const key = requireAdminKey(authenticator, parameter).clone();
  try {
    return await use(async (challenge) => key.respond(challenge));
  } finally {
    key.dispose();
  }
}

/** A copy of an admin key's bytes, which the library wipes. */
export function adminKeyBytes(key: unknown, parameter: string): Buffer {
  return requireAdminKey(key, parameter).exportBytes();
}

function requireAdminKey(key: unknown, parameter: string): AdminKey {
  if (key instanceof AdminKey) return key;
  throw invalidArgument(parameter, 'an AdminKey', describeType(key));
}

function checkResponse(response: unknown): Uint8Array {
  if (response instanceof Uint8Array && response.length === 8) return response;
  throw invalidArgument('the response to the challenge', '8 bytes', describeType(response));
}
