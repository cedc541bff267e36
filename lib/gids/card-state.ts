/** A GIDS card's files as data: what the applet works on and what a vault keeps. */
export interface CardState {
  /** False until ACTIVATE FILE on 3FFF: until then the card may be set up without authentication. */
  activated: boolean;
  /** Elementary files by identifier (A000, A010 …), without the key files. */
  files: Map<number, ElementaryFile>;
  /** Key files by key reference (0x81 + container). */
  keys: Map<number, KeyFile>;
}

/** An elementary file: access rules and data objects. */
export interface ElementaryFile {
  /** The content of tag 8C of its FCP: access mode byte, then security condition bytes. */
  accessRules: Uint8Array;
  activated: boolean;
  /** Data objects by tag (DF1F, DF20 …). An empty value is an object that is present and empty. */
  objects: Map<number, Uint8Array>;
}

/** A key file B0xx. */
export interface KeyFile {
  accessRules: Uint8Array;
  activated: boolean;
  /** GIDS algorithm identifier without its operation bits: 06–09 RSA, 0A–0E ECC. */
  algorithm: number;
  /** Control reference templates that the key was created with, from its FCP's A5 37. */
  usage: { confidentiality: boolean; signature: boolean };
  /** The key pair; undefined until GENERATE or import. */
  keyPair: KeyPair | undefined;
}

/** A key pair whose private half only the card's TPM can use. */
export interface KeyPair {
  publicKey: PublicKey;
  /** The TPM's wrapped private key and public area; opaque here. */
  blob: Uint8Array;
}

/** Big-endian unsigned integers of the key's natural length. */
export type PublicKey =
  | { type: 'rsa'; modulus: Uint8Array; exponent: Uint8Array }
  | { type: 'ec'; curve: 'P-256' | 'P-384'; x: Uint8Array; y: Uint8Array };

/** A card without any file, as it leaves the factory. */
export function emptyCardState(): CardState {
  return { activated: false, files: new Map(), keys: new Map() };
}
