import { encodeAttestation } from '../../attestation/statement.js';
import { type CommandApdu, StatusWord } from '../apdu.js';
import { Refusal } from './refusal.js';
import { requireUsable } from './security-environment.js';
import type { Session } from './session.js';

/** Bytes that the TPM signs with what it says of the key. */
const QUALIFYING_DATA_LENGTH = { min: 16, max: 32 };

/**
 * ATTEST KEY (F9, of this library's own cards): the TPM's statement about the key of the reference in
 * P2, over the bytes in the data field. It takes the PIN verified on this channel, as using the key does.
 */
export async function attestKey(session: Session, command: CommandApdu): Promise<Buffer> {
  const { p1, p2: keyReference, data } = command;
  if (p1 !== 0x00) throw new Refusal(StatusWord.WRONG_P1_P2);
  const { min, max } = QUALIFYING_DATA_LENGTH;
  if (data.length < min || data.length > max) throw new Refusal(StatusWord.WRONG_LENGTH);
  const { vault, authorization } = session;
  const key = vault.state.keys.get(keyReference);
  if (!key) throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
  const keyPair = requireUsable(session, key);
  if (!authorization) throw new Refusal(StatusWord.SECURITY_STATUS_NOT_SATISFIED);
  if (!vault.attestKey) throw new Refusal(StatusWord.INSTRUCTION_NOT_SUPPORTED);
  return encodeAttestation(await vault.attestKey(keyPair, data, authorization));
}
