import { deserialize, serialize } from 'node:v8';
import type { CardState } from '../../gids/card-state.js';
import type { PinPolicyOptions } from '../../pin-policy.js';
import type { WrappedObject } from '../../tpm/tpm.js';
import type { AntiHammering } from '../backend.js';

/** Everything that a card file's encrypted part holds. Its secrets are sealed by the TPM besides. */
export interface CardRecord {
  createdAt: Date;
  antiHammering: AntiHammering;
  allowKeyImport: boolean;
  pinPolicy: Required<PinPolicyOptions>;
  pin: Credential;
  puk: Credential | undefined;
  /** The admin key. */
  adminKey: WrappedObject;
  /** The authorisation value for a reset by the admin; only on a card without PUK. */
  adminAuthorization: WrappedObject | undefined;
  state: CardState;
}

/** A PIN or PUK: what checks it, and the card's authorisation value sealed for it. */
export interface Credential {
  /** In bytes; CHANGE REFERENCE DATA sends old and new without a delimiter. */
  length: number;
  salt: Buffer;
  /** The NV index that counts wrong ones; undefined where the TPM's own lockout does (`wait`). */
  index: number | undefined;
  /** undefined once it is blocked: then not even the right one opens anything. */
  sealed: WrappedObject | undefined;
}

/**
 * The record as bytes. V8's own format carries maps and byte arrays as they are, and newer versions
 * of V8 read what older ones wrote.
 */
export function encodeRecord(record: CardRecord): Buffer {
  return serialize(record);
}

/** The inverse of {@link encodeRecord}; the bytes have been authenticated before. */
export function decodeRecord(bytes: Uint8Array): CardRecord {
  return deserialize(bytes) as CardRecord;
}
