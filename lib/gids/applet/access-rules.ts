import { StatusWord } from '../apdu.js';
import { Refusal } from './refusal.js';
import type { Session } from './session.js';

/** Bits of an access mode byte (ISO/IEC 7816-4, 5.4.3, compact format). */
export const FileAccess = { READ: 0x01, WRITE: 0x02 } as const;
export const DirectoryAccess = { DELETE_CHILD: 0x01, CREATE_FILE: 0x02 } as const;
export const KeyAccess = { READ_PUBLIC: 0x01, PUT: 0x02, USE: 0x04, GENERATE: 0x08 } as const;

/** Rules of the application: user or administrator create and delete files. */
export const APPLICATION_RULES = Uint8Array.of(0x03, 0x30, 0x30);
/** Rules of the admin key's file: anybody may authenticate by it, the administrator replaces it. */
export const ADMIN_KEY_RULES = Uint8Array.of(0x87, 0x00, 0x20, 0xff);

/** In an access mode byte: bits 7 to 4 are proprietary, as key files have it. */
const PROPRIETARY_MODE = 0x80;
const ALWAYS = 0x00;
const NEVER = 0xff;
/** Bits of a security condition byte. */
const ALL_CONDITIONS = 0x80;
const SECURE_MESSAGING = 0x40;
const EXTERNAL_AUTHENTICATION = 0x20;
const USER_AUTHENTICATION = 0x10;

/** Whether the bytes are an access mode byte with one security condition byte for each of its bits. */
export function areAccessRules(rules: Uint8Array): boolean {
  const [mode] = rules;
  if (mode === undefined) return false;
  let conditions = 0;
  for (let bit = 0x40; bit > 0; bit >>= 1) if (mode & bit) conditions++;
  const proprietaryBits = (mode & PROPRIETARY_MODE) !== 0 && (mode & 0x70) !== 0;
  return !proprietaryBits && rules.length === 1 + conditions;
}

/**
 * Refuses (6982) what the rules do not allow to who is authenticated on this channel. A card that is
 * not activated allows everything, so that it can be set up.
 */
export function requireAccess(session: Session, rules: Uint8Array, access: number): void {
  if (!session.vault.state.activated) return;
  if (!isMet(session, securityCondition(rules, access))) {
    throw new Refusal(StatusWord.SECURITY_STATUS_NOT_SATISFIED);
  }
}

/** The condition bytes follow the access mode's bits from the highest to the lowest. */
function securityCondition(rules: Uint8Array, access: number): number {
  const [mode = 0] = rules;
  if ((mode & access) === 0) return NEVER;
  let position = 1;
  for (let bit = 0x40; bit > access; bit >>= 1) if (mode & bit) position++;
  return rules[position] ?? NEVER;
}

function isMet(session: Session, condition: number): boolean {
  if (condition === ALWAYS) return true;
  if (condition === NEVER) return false;
  const user = session.authorization !== undefined;
  const admin = session.adminAuthenticated;
  if (condition & ALL_CONDITIONS) {
    if (condition & SECURE_MESSAGING) return false;
    if ((condition & (EXTERNAL_AUTHENTICATION | USER_AUTHENTICATION)) === 0) return false;
    return (
      (!(condition & USER_AUTHENTICATION) || user) &&
      (!(condition & EXTERNAL_AUTHENTICATION) || admin)
    );
  }
  return (
    ((condition & USER_AUTHENTICATION) !== 0 && user) ||
    ((condition & EXTERNAL_AUTHENTICATION) !== 0 && admin)
  );
}
