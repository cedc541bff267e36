import type { SshPublicKey } from './public-key.js';
import { WireReader, wireString, wireUint32 } from './wire.js';

/** The agent protocol's limit, OpenSSH's: a longer message is no message. */
export const MAX_MESSAGE_LENGTH = 256 * 1024;

/** Numbers of the messages (draft-ietf-sshm-ssh-agent). */
const FAILURE = 5;
const SUCCESS = 6;
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
const REMOVE_ALL_IDENTITIES = 19;
const LOCK = 22;
const UNLOCK = 23;

/** What a client asks. Its bytes lie in the message. */
export type AgentRequest =
  | { kind: 'identities' }
  | { kind: 'sign'; blob: Uint8Array; data: Uint8Array; flags: number }
  | { kind: 'removeAll' }
  | { kind: 'lock' | 'unlock'; passphrase: Uint8Array }
  /** What an agent for cards does not do: adding keys, and extensions. */
  | { kind: 'other' };

/**
 * The request in a message.
 *
 * @param message - without its length
 * @throws WireError when it is not whole, or longer than it says
 */
export function decodeRequest(message: Uint8Array): AgentRequest {
  const reader = new WireReader(message);
  const request = decode(reader);
  if (request.kind !== 'other') reader.end();
  return request;
}

function decode(reader: WireReader): AgentRequest {
  switch (reader.byte()) {
    case REQUEST_IDENTITIES:
      return { kind: 'identities' };
    case SIGN_REQUEST:
      return { kind: 'sign', blob: reader.string(), data: reader.string(), flags: reader.uint32() };
    case REMOVE_ALL_IDENTITIES:
      return { kind: 'removeAll' };
    case LOCK:
      return { kind: 'lock', passphrase: reader.string() };
    case UNLOCK:
      return { kind: 'unlock', passphrase: reader.string() };
    default:
      return { kind: 'other' };
  }
}

export const SUCCESS_REPLY: Uint8Array = reply(SUCCESS);
/** Also for extensions that are not known. */
export const FAILURE_REPLY: Uint8Array = reply(FAILURE);

export function identitiesReply(keys: readonly SshPublicKey[]): Buffer {
  const entries = keys.flatMap(({ blob, comment }) => [wireString(blob), wireString(comment)]);
  return reply(IDENTITIES_ANSWER, wireUint32(keys.length), ...entries);
}

/** @param signature - the whole of it, with the algorithm's name */
export function signReply(signature: Uint8Array): Buffer {
  return reply(SIGN_RESPONSE, wireString(signature));
}

/** A message with its length. */
function reply(type: number, ...parts: Uint8Array[]): Buffer {
  return wireString(Buffer.concat([Uint8Array.of(type), ...parts]));
}
