import { webcrypto } from 'node:crypto';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import { wipe } from '../secret.js';
import { CardCryptoKey } from './card-crypto-key.js';

type Subtle = webcrypto.SubtleCrypto;

/** What a card does with one of its private keys. */
export interface CardKeyUse {
  sign(
    algorithm: webcrypto.AlgorithmIdentifier,
    key: CardCryptoKey,
    data: Uint8Array,
  ): Promise<Buffer>;
  decrypt(
    algorithm: webcrypto.AlgorithmIdentifier,
    key: CardCryptoKey,
    data: Uint8Array,
  ): Promise<Buffer>;
}

/**
 * WebCrypto's operations: those with a card's private key are the card's, all others the runtime's.
 */
export function cardSubtle(card: CardKeyUse): Subtle {
  const software = webcrypto.subtle;

  const sign: Subtle['sign'] = async (algorithm, key, data) => {
    if (!(key instanceof CardCryptoKey)) return software.sign(algorithm, key, data);
    return toArrayBuffer(await card.sign(algorithm, key, bytesOf(data)));
  };

  const decrypt: Subtle['decrypt'] = async (algorithm, key, data) => {
    if (!(key instanceof CardCryptoKey)) return software.decrypt(algorithm, key, data);
    const plaintext = await card.decrypt(algorithm, key, bytesOf(data));
    try {
      return toArrayBuffer(plaintext);
    } finally {
      wipe(plaintext);
    }
  };

  const unwrapKey: Subtle['unwrapKey'] = async (format, wrapped, key, algorithm, ...imported) => {
    if (!(key instanceof CardCryptoKey)) {
      return software.unwrapKey(format, wrapped, key, algorithm, ...imported);
    }
    const plaintext = await card.decrypt(algorithm, key, bytesOf(wrapped));
    try {
      if (format !== 'jwk') return await software.importKey(format, plaintext, ...imported);
      return await software.importKey(format, parseJwk(plaintext), ...imported);
    } finally {
      wipe(plaintext);
    }
  };

  return {
    sign,
    decrypt,
    unwrapKey,
    exportKey: withoutCardKey(software.exportKey),
    verify: withoutCardKey(software.verify),
    encrypt: withoutCardKey(software.encrypt),
    wrapKey: withoutCardKey(software.wrapKey),
    deriveBits: withoutCardKey(software.deriveBits),
    deriveKey: withoutCardKey(software.deriveKey),
    digest: software.digest.bind(software),
    generateKey: software.generateKey.bind(software),
    importKey: software.importKey.bind(software),
  };
}

/** The runtime's operation, which is not asked to do what it cannot: use a card's private key. */
function withoutCardKey<Operation extends (...args: never[]) => Promise<unknown>>(
  operation: Operation,
): Operation {
  const guarded = async (...args: never[]) => {
    if (args.some((argument: unknown) => argument instanceof CardCryptoKey)) {
      throw new VirtualSmartCardError(
        'ERR_NOT_SUPPORTED',
        `${operation.name}() cannot be done with a card's private key: it signs, decrypts and unwraps keys, and never leaves the card. Everything else takes the pair's publicKey.`,
      );
    }
    return operation.apply(webcrypto.subtle, args);
  };
  return guarded as unknown as Operation;
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  throw invalidArgument('data', 'an ArrayBuffer or a view of one', describeType(data));
}

function parseJwk(plaintext: Buffer): webcrypto.JsonWebKey {
  try {
    return JSON.parse(plaintext.toString('utf8'));
  } catch {
    // The parser's own error would quote the key.
    throw new VirtualSmartCardError('ERR_DECRYPTION_FAILED', 'The wrapped key is no JSON Web Key.');
  }
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
