import { decodeAttestation } from '../attestation/statement.js';
import { wipe } from '../secret.js';
import type { Attestation } from '../tpm/attest.js';
import { keyType, Operation } from './algorithm-id.js';
import { encodeCommand, Instruction, SHORT_DATA_LENGTH, SHORT_LE, StatusWord } from './apdu.js';
import type { PublicKey } from './card-state.js';
import type { ApduExchange } from './exchange.js';
import { keyFileId } from './file-ids.js';
import { decodePublicKey } from './public-key.js';
import { decode } from './response.js';
import { cardResponseError, hasStatusWord, statusError } from './status-error.js';
import { decodeTlv, encodeTlv } from './tlv.js';

/** A key of the card: its reference (81 and on) and GIDS algorithm identifier. */
export interface KeyReference {
  reference: number;
  /** Without operation bits. */
  algorithm: number;
}

/** File descriptor byte and conditions of a key file, as Windows' minidriver sets them. */
const KEY_FILE = Uint8Array.of(0x18);
const KEY_FILE_ACCESS_RULES = Uint8Array.of(0x8f, 0x10, 0x10, 0x10, 0x00);
/** Control reference templates: confidentiality and digital signature. */
const CONFIDENTIALITY = 0xb8;
const SIGNATURE = 0xb6;
/** Usage qualifier of a template: the key is used after the PIN was verified. */
const USED_BY_USER = 0x40;
const PRIVATE_KEY = 0x02;
const PUBLIC_KEY_REQUEST = Uint8Array.of(0x7f, 0x49, 0x80);

/** MANAGE SECURITY ENVIRONMENT: sign with this key and this operation. */
export function signEnvironment(key: KeyReference, operation: number): Buffer {
  return environment(SIGNATURE, key, operation);
}

/** MANAGE SECURITY ENVIRONMENT: decrypt with this key and this operation. */
export function decryptEnvironment(key: KeyReference, operation: number): Buffer {
  return environment(CONFIDENTIALITY, key, operation);
}

/** What a GIDS card can be told about its keys. */
export class KeyCommands {
  readonly #exchange: ApduExchange;

  constructor(exchange: ApduExchange) {
    this.#exchange = exchange;
  }

  /**
   * Makes an empty key file and activates it. One with this reference that is there already, left
   * by a creation that was cut short, is deleted first. (The applet GidsApplet answers 6984 to that,
   * as to parameters that it cannot read.)
   */
  async createFile(key: KeyReference, usage: 'sign' | 'signAndDecrypt'): Promise<void> {
    const create = {
      ins: Instruction.CREATE_FILE,
      p1: 0x00,
      p2: 0x00,
      data: parameters(key, usage),
    };
    try {
      await this.#exchange.send(create, 'createKey');
    } catch (error) {
      const { FILE_EXISTS, REFERENCE_DATA_NOT_USABLE } = StatusWord;
      if (![FILE_EXISTS, REFERENCE_DATA_NOT_USABLE].some((each) => hasStatusWord(error, each))) {
        throw error;
      }
      await this.deleteFile(key.reference);
      await this.#exchange.send(create, 'createKey');
    }
    await this.#exchange.send({ ins: Instruction.ACTIVATE_FILE, p1: 0x00, p2: 0x00 }, 'createKey');
  }

  /** Has the card make a key pair in a key file that was just made. */
  async generate(key: KeyReference): Promise<void> {
    const data = encodeTlv(
      0xac,
      encodeTlv(0x80, Uint8Array.of(key.algorithm)),
      encodeTlv(0x83, Uint8Array.of(key.reference)),
    );
    const { GENERATE_KEY_PAIR: ins } = Instruction;
    await this.#exchange.send({ ins, p1: 0x00, p2: 0x00, data, le: SHORT_LE }, 'createKey');
  }

  /** @param privateKey - RSAPrivateKey (RFC 8017) or ECPrivateKey (RFC 5915), DER */
  async import(reference: number, privateKey: Uint8Array): Promise<void> {
    const value = encodeTlv(0x87, privateKey);
    const secret = encodeTlv(
      0xa5,
      encodeTlv(0x83, Uint8Array.of(PRIVATE_KEY)),
      encodeTlv(0x84, Uint8Array.of(0x00)),
      value,
    );
    const data = encodeTlv(0x70, encodeTlv(0x84, Uint8Array.of(reference)), secret);
    try {
      const command = { ins: Instruction.PUT_DATA, p1: 0x3f, p2: 0xff, data };
      await this.#exchange.send(command, 'importKey');
    } finally {
      wipe(value, secret, data);
    }
  }

  /**
   * @throws VirtualSmartCardError `ERR_CONTAINER_NOT_FOUND` when there is no such key. A card may
   * refuse it then, or answer nothing: of a key file in which no key was made.
   */
  async readPublicKey(reference: number): Promise<PublicKey> {
    const data = encodeTlv(
      0x70,
      encodeTlv(0x84, Uint8Array.of(reference)),
      encodeTlv(0xa5, PUBLIC_KEY_REQUEST),
    );
    const command = { ins: Instruction.GET_DATA, p1: 0x3f, p2: 0xff, data, le: SHORT_LE };
    const answer = await this.#exchange.send(command, 'readPublicKey');
    if (answer.length === 0) {
      throw statusError(StatusWord.REFERENCED_DATA_NOT_FOUND, 'readPublicKey');
    }
    return decode(() => decodePublicKey(decodeTlv(0x7f49, answer)));
  }

  /**
   * @param qualifyingData - 16 to 32 bytes, which the card's TPM signs with what it says of the key
   * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` on a card that is none of this library's
   */
  async attest(reference: number, qualifyingData: Uint8Array): Promise<Attestation> {
    const { ATTEST_KEY: ins } = Instruction;
    const command = { ins, p1: 0x00, p2: reference, data: qualifyingData, le: SHORT_LE };
    const answer = await this.#exchange.send(command, 'attestKey');
    try {
      return decodeAttestation(answer);
    } catch (error) {
      throw cardResponseError('its statement about a key is damaged', error);
    }
  }

  /** Deletes a key file with its key. One that is not there is as good as deleted. */
  async deleteFile(reference: number): Promise<void> {
    const id = keyFileId(reference);
    const data = Uint8Array.of(id >> 8, id & 0xff);
    try {
      await this.#exchange.send({ ins: Instruction.SELECT, p1: 0x00, p2: 0x0c, data }, 'deleteKey');
    } catch (error) {
      if (hasStatusWord(error, StatusWord.FILE_NOT_FOUND)) return;
      throw error;
    }
    await this.#exchange.send({ ins: Instruction.DELETE_FILE, p1: 0x00, p2: 0x00 }, 'deleteKey');
  }

  /**
   * @param environment - from {@link signEnvironment}
   * @param input - DigestInfo, padded block or digest, as the environment's operation wants it
   */
  async sign(environment: Uint8Array, input: Uint8Array): Promise<Buffer> {
    await this.#exchange.transmit(environment, 'chooseKey');
    const { PERFORM_SECURITY_OPERATION: ins } = Instruction;
    const operation = { ins, p1: 0x9e, p2: 0x9a, data: input, le: SHORT_LE };
    if (input.length > SHORT_DATA_LENGTH) return this.#exchange.send(operation, 'sign');
    return this.#exchange.transmit(encodeCommand(operation), 'sign');
  }

  /**
   * @param environment - from {@link decryptEnvironment}
   * @returns the card's answer, which the caller wipes
   */
  async decrypt(environment: Uint8Array, ciphertext: Uint8Array): Promise<Buffer> {
    await this.#exchange.transmit(environment, 'chooseKey');
    const { PERFORM_SECURITY_OPERATION: ins } = Instruction;
    const operation = { ins, p1: 0x80, p2: 0x86, data: ciphertext, le: SHORT_LE };
    return this.#exchange.send(operation, 'decrypt');
  }
}

/** File control parameters of a key file: what the key may be used for is told by its templates. */
function parameters(key: KeyReference, usage: 'sign' | 'signAndDecrypt'): Buffer {
  const id = keyFileId(key.reference);
  const signs = [template(SIGNATURE, key, Operation.RAW_SIGN)];
  const decrypts: Buffer[] = [];
  if (keyType(key.algorithm)?.type === 'rsa') {
    signs.push(template(SIGNATURE, key, Operation.PKCS1_SIGN));
    if (usage === 'signAndDecrypt') {
      decrypts.push(
        template(CONFIDENTIALITY, key, Operation.RAW),
        template(CONFIDENTIALITY, key, Operation.OAEP_DECRYPT),
        template(CONFIDENTIALITY, key, Operation.PKCS1_DECRYPT),
      );
    }
  }
  return encodeTlv(
    0x62,
    encodeTlv(0x82, KEY_FILE),
    encodeTlv(0x83, Uint8Array.of(id >> 8, id & 0xff)),
    encodeTlv(0x8c, KEY_FILE_ACCESS_RULES),
    encodeTlv(0xa5, ...decrypts, ...signs),
  );
}

function template(tag: number, key: KeyReference, operation: number): Buffer {
  return encodeTlv(
    tag,
    encodeTlv(0x80, Uint8Array.of(key.algorithm | operation)),
    encodeTlv(0x83, Uint8Array.of(key.reference)),
    encodeTlv(0x95, Uint8Array.of(USED_BY_USER)),
  );
}

function environment(tag: number, key: KeyReference, operation: number): Buffer {
  const data = Buffer.concat([
    encodeTlv(0x80, Uint8Array.of(key.algorithm | operation)),
    encodeTlv(0x84, Uint8Array.of(key.reference)),
  ]);
  const { MANAGE_SECURITY_ENVIRONMENT: ins } = Instruction;
  return encodeCommand({ ins, p1: 0x41, p2: tag, data });
}
