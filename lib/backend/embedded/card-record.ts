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

/** The record as UTF-8 JSON; maps and byte strings are marked so that they come back as what they were. */
export function encodeRecord(record: CardRecord): Buffer {
  return Buffer.from(JSON.stringify(record, markSpecial));
}

/** The inverse of {@link encodeRecord}; the bytes have been authenticated before. */
export function decodeRecord(bytes: Uint8Array): CardRecord {
  return JSON.parse(Buffer.from(bytes).toString('utf8'), restoreSpecial) as CardRecord;
}

/** The holder is asked, since Buffer and Date have a toJSON that runs before a replacer. */
function markSpecial(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  if (original instanceof Uint8Array) return { $bytes: Buffer.from(original).toString('base64') };
  if (original instanceof Date) return { $date: original.toISOString() };
  if (original instanceof Map) return { $map: [...original] };
  return value;
}

function restoreSpecial(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const marked = value as { $bytes?: string; $date?: string; $map?: [unknown, unknown][] };
  if (marked.$bytes !== undefined) return Buffer.from(marked.$bytes, 'base64');
  if (marked.$date !== undefined) return new Date(marked.$date);
  if (marked.$map !== undefined) return new Map(marked.$map);
  return value;
}
