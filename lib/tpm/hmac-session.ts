import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { concatSecret, wipe } from '../secret.js';
import { type Command, encodeWithSession } from './command.js';
import { POLICY_SESSION_FIRST, TPM_RC, TPMA_SESSION } from './constants.js';
import { responseError } from './error.js';
import { kdfa } from './kdf.js';
import { handleName } from './name.js';
import { cryptFirstParameter, type ParameterCipher, parameterCipher } from './parameter-cipher.js';
import type { ResponseParts } from './response.js';
import { type TpmWriter, u32 } from './writer.js';

export const NONCE_SIZE = 32;
const NONE = new Uint8Array(0);

/**
 * An unbound session with SHA-256 and, when salted, AES-128-CFB (Part 1, 19.6 and 21): it proves that
 * we know an authValue without showing it, encrypts the first parameter both ways, and proves that
 * the answer came from the TPM. Nonces roll with every answer, so one command at a time uses it.
 */
export class HmacSession {
  readonly handle: number;
  readonly name: Buffer;
  readonly #key: Buffer;
  #nonceTpm: Buffer;
  #preparation: NodeJS.Immediate | undefined;
  #prepared: PreparedCommand | undefined;

  /** @param salt - shared with the TPM; undefined for a session that encrypts nothing */
  constructor(
    handle: number,
    nonceCaller: Uint8Array,
    nonceTpm: Uint8Array,
    salt: Uint8Array | undefined,
  ) {
    this.handle = handle;
    this.name = handleName(handle);
    this.#nonceTpm = Buffer.from(nonceTpm);
    this.#key = salt ? kdfa(salt, 'ATH', nonceTpm, nonceCaller) : Buffer.alloc(0);
  }

  /**
   * Authorises a command.
   *
   * @param keep - whether the session outlives the command; else its success ends it in the TPM
   */
  authorize(command: Command, authValue: Uint8Array, keep: boolean): AuthorizedCommand {
    const prepared = this.#takePrepared(authValue);
    const sessionValue = this.#sessionValue(authValue);
    const nonceCaller = prepared?.nonceCaller ?? randomBytes(NONCE_SIZE);
    const encrypts = this.#key.length > 0;
    const attributes =
      (keep ? TPMA_SESSION.continueSession : 0) |
      (encrypts && command.secret?.command ? TPMA_SESSION.decrypt : 0) |
      (encrypts && command.secret?.response ? TPMA_SESSION.encrypt : 0);
    const parameters = concatSecret(command.parameters ?? NONE);
    if (attributes & TPMA_SESSION.decrypt) {
      const cipher =
        prepared?.cipher ?? parameterCipher('encrypt', sessionValue, nonceCaller, this.#nonceTpm);
      cryptFirstParameter(cipher, parameters);
    } else prepared?.cipher.final();
    const hash = createHash('sha256').update(u32(command.code));
    for (const { handle, name } of command.handles ?? []) hash.update(name ?? handleName(handle));
    const cpHash = hash.update(parameters).digest();
    const hmac = this.#hmac(sessionValue, cpHash, nonceCaller, this.#nonceTpm, attributes);
    const session = { handle: this.handle, nonce: nonceCaller, attributes, hmac };
    const request = encodeWithSession(command, parameters, session);
    wipe(parameters);
    return {
      request,
      open: (response, parts) => {
        this.#open(response, parts, { code: command.code, sessionValue, nonceCaller, attributes });
        if (keep && attributes & TPMA_SESSION.decrypt) this.#prepareFor(authValue);
      },
      wipe: () => {
        request.wipe();
        wipe(sessionValue);
      },
    };
  }

  wipe(): void {
    this.#takePrepared(NONE);
    wipe(this.#key);
  }

  /**
   * Does, once the answer has been handed on, what the next command would have to wait for. Most often
   * it is authorised by the same value.
   */
  #prepareFor(authValue: Uint8Array): void {
    this.#preparation = setImmediate(() => {
      const nonceCaller = randomBytes(NONCE_SIZE);
      const sessionValue = this.#sessionValue(authValue);
      const cipher = parameterCipher('encrypt', sessionValue, nonceCaller, this.#nonceTpm);
      wipe(sessionValue);
      this.#prepared = { authValue, nonceCaller, cipher };
    }).unref();
  }

  /** What was prepared, if it is for this very value; a nonce serves one command in any case. */
  #takePrepared(authValue: Uint8Array): PreparedCommand | undefined {
    clearImmediate(this.#preparation);
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (prepared?.authValue === authValue) return prepared;
    prepared?.cipher.final();
    return undefined;
  }

  #sessionValue(authValue: Uint8Array): Buffer {
    return concatSecret(this.#key, withoutTrailingZeros(authValue));
  }

  /** A policy session without any key proves nothing, and has an empty HMAC (Part 1, 19.6.5). */
  #hmac(key: Uint8Array, ...hashed: HashedParts): Uint8Array {
    const isPolicy = this.handle >>> 24 === POLICY_SESSION_FIRST >>> 24;
    return isPolicy && key.length === 0 ? NONE : authHmac(key, ...hashed);
  }

  /** Checks the answer's HMAC in constant time, takes over its nonce, decrypts in place. */
  #open(response: Buffer, parts: ResponseParts, sent: SentCommand): void {
    const { parameters: area, session } = parts;
    if (!session) throw responseError('it has no session');
    const parameters = response.subarray(area.start, area.end);
    const rpHash = createHash('sha256')
      .update(u32(TPM_RC.SUCCESS))
      .update(u32(sent.code))
      .update(parameters)
      .digest();
    const { nonce, attributes, hmac } = session;
    const expected = this.#hmac(sent.sessionValue, rpHash, nonce, sent.nonceCaller, attributes);
    if (hmac.length !== expected.length || !timingSafeEqual(hmac, expected)) {
      throw responseError('its session HMAC is wrong, so something altered it on its way');
    }
    if (attributes !== sent.attributes) {
      throw responseError("its session attributes are not the command's");
    }
    this.#nonceTpm = Buffer.from(nonce);
    if (attributes & TPMA_SESSION.encrypt) {
      const decipher = parameterCipher('decrypt', sent.sessionValue, nonce, sent.nonceCaller);
      cryptFirstParameter(decipher, parameters);
    }
  }
}

/** A command ready to be sent, and what opens its answer. */
export interface AuthorizedCommand {
  request: TpmWriter;
  /** Verifies and decrypts the answer in place. @throws VirtualSmartCardError `ERR_TPM_RESPONSE` */
  open(response: Buffer, parts: ResponseParts): void;
  wipe(): void;
}

/** The part of a command that depends on its authValue and the nonces alone. */
interface PreparedCommand {
  authValue: Uint8Array;
  nonceCaller: Buffer;
  cipher: ParameterCipher;
}

interface SentCommand {
  code: number;
  sessionValue: Uint8Array;
  nonceCaller: Uint8Array;
  attributes: number;
}

/** The TPM drops trailing zeros from authValues before it uses them as keys (Part 1, 19.6.4.3). */
export function withoutTrailingZeros(authValue: Uint8Array): Uint8Array {
  let length = authValue.length;
  while (length > 0 && authValue[length - 1] === 0) length -= 1;
  return authValue.subarray(0, length);
}

/** What a session's HMAC is made of, besides its key. */
type HashedParts = [
  parameterHash: Uint8Array,
  nonceNewer: Uint8Array,
  nonceOlder: Uint8Array,
  attributes: number,
];

function authHmac(
  key: Uint8Array,
  ...[parameterHash, nonceNewer, nonceOlder, attributes]: HashedParts
): Buffer {
  return createHmac('sha256', key)
    .update(parameterHash)
    .update(nonceNewer)
    .update(nonceOlder)
    .update(Uint8Array.of(attributes))
    .digest();
}
