import { createHash } from 'node:crypto';
import { describeType, invalidArgument } from '../errors.js';

const CODE_LENGTH = 8;
const CHECK_LENGTH = 2;

/** What a code is: each has check digits of its own, so that one is not taken for the other. */
type Kind = 'challenge' | 'response';

/**
 * A challenge as people read it out, write it down and type it: `1A2B-3C4D-5E6F-7081-9A4C`. Five groups
 * of four hexadecimal digits; the last is a check.
 *
 * @param challenge - 8 bytes, as a responder gets them
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 * @example
 * ```ts
 * const adminKey = (challenge: Uint8Array) => askHelpDesk(formatAdminChallenge(challenge));
 * await card.unblock({ adminKey, newPin });
 * ```
 */
export function formatAdminChallenge(challenge: Uint8Array): string {
  return format(challenge, 'challenge');
}

/**
 * The challenge of a text, typed with or without spaces and hyphens, in any case. Its check digits may
 * be missing, as other programs do not show any; when they are there they must fit.
 *
 * @returns 8 bytes
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 * @example `const response = adminKey.respond(parseAdminChallenge(typed));`
 */
export function parseAdminChallenge(text: string): Buffer {
  return parse(text, 'challenge');
}

/**
 * A response as {@link formatAdminChallenge} writes a challenge.
 *
 * @param response - 8 bytes, as `AdminKey.respond` gives them
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 * @example `console.log(formatAdminResponse(adminKey.respond(parseAdminChallenge(typed))));`
 */
export function formatAdminResponse(response: Uint8Array): string {
  return format(response, 'response');
}

/**
 * The response of a text, as {@link parseAdminChallenge} reads a challenge.
 *
 * @returns 8 bytes
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 * @example
 * ```ts
 * const adminKey = async (challenge: Uint8Array) =>
 *   parseAdminResponse(await askHelpDesk(formatAdminChallenge(challenge)));
 * ```
 */
export function parseAdminResponse(text: string): Buffer {
  return parse(text, 'response');
}

function format(code: unknown, kind: Kind): string {
  if (!(code instanceof Uint8Array) || code.length !== CODE_LENGTH) {
    throw invalidArgument(kind, `${CODE_LENGTH} bytes`, describeType(code));
  }
  const digits = Buffer.concat([code, check(code, kind)])
    .toString('hex')
    .toUpperCase();
  return (digits.match(/.{4}/g) ?? []).join('-');
}

function parse(text: unknown, kind: Kind): Buffer {
  const expected = 'five groups of four hexadecimal digits';
  if (typeof text !== 'string') throw invalidArgument(kind, expected, describeType(text));
  const digits = text.replace(/[\s-]/g, '');
  if (!/^([0-9a-f]{16}|[0-9a-f]{20})$/i.test(digits)) {
    const others = digits.replace(/[0-9a-f]/gi, '').length;
    const found = `${digits.length - others} hexadecimal digits`;
    const actual = others > 0 ? `${found} and ${others} other characters` : found;
    throw invalidArgument(kind, expected, actual);
  }
  const bytes = Buffer.from(digits, 'hex');
  const code = Buffer.from(bytes.subarray(0, CODE_LENGTH));
  const given = bytes.subarray(CODE_LENGTH);
  if (given.length === 0 || given.equals(check(code, kind))) return code;
  const other = kind === 'challenge' ? 'response' : 'challenge';
  const isOther = given.equals(check(code, other));
  const actual = isOther ? `a ${other}` : 'one whose check digits do not fit: a digit is wrong';
  throw invalidArgument(kind, `a ${kind}`, actual);
}

/** No secret goes in: it finds slips of whoever reads, hears or types. */
function check(code: Uint8Array, kind: Kind): Buffer {
  const hash = createHash('sha256').update(`virtual-smartcard admin ${kind}`).update(code);
  return hash.digest().subarray(0, CHECK_LENGTH);
}
