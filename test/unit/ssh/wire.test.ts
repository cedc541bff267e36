import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { VirtualSmartCardError } from '../../../lib/errors.js';
import {
  decodeRequest,
  FAILURE_REPLY,
  identitiesReply,
  SUCCESS_REPLY,
  signReply,
} from '../../../lib/ssh/agent-message.js';
import { sshPublicKey } from '../../../lib/ssh/public-key.js';
import {
  signatureBlob,
  signatureContent,
  sshSignatureAlgorithm,
} from '../../../lib/ssh/signature.js';
import { WireError, WireReader, wireMpint, wireString } from '../../../lib/ssh/wire.js';
import {
  CONVERSATION,
  RECORDED_FINGERPRINTS,
  RECORDED_KEYS,
  RECORDED_PEM,
} from './recorded-conversation.js';

const KINDS = ['rsa', 'ecdsa'] as const;

function message(frame: string): Buffer {
  return Buffer.from(frame, 'hex').subarray(4);
}

function key(kind: (typeof KINDS)[number], comment?: string) {
  return sshPublicKey(createPublicKey(RECORDED_PEM[kind]), comment);
}

describe('a public key', () => {
  it.each(KINDS)('of kind %s is what ssh-keygen makes of it', (kind) => {
    const [type = '', base64, ...comment] = RECORDED_KEYS[kind].split(' ');
    const ours = key(kind, comment.join(' ') || undefined);
    expect(ours).toMatchObject({
      type,
      line: RECORDED_KEYS[kind],
      fingerprint: RECORDED_FINGERPRINTS[kind],
    });
    expect(ours.blob.toString('base64')).toBe(base64);
  });

  it('has no comment that would begin another line', () => {
    expect(key('rsa').line).not.toMatch(/ $/);
    const error = (() => {
      try {
        return key('rsa', 'a\nssh-rsa AAAA');
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', parameter: 'comment' });
  });

  it('is RSA, or ECC on a curve that cards have', () => {
    const ed25519 = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
    const other = createPublicKey({
      key: Buffer.from(ed25519, 'base64'),
      format: 'der',
      type: 'spki',
    });
    expect(() => sshPublicKey(other)).toThrow(VirtualSmartCardError);
    expect(() => sshPublicKey({} as never)).toThrow(/a card's key/);
    expect(() => sshPublicKey(undefined as never)).toThrow(/a card's key/);
  });
});

describe("OpenSSH's conversation with its agent", () => {
  it('lists keys, byte for byte', () => {
    const { request, reply } = CONVERSATION.identities;
    expect(decodeRequest(message(request))).toEqual({ kind: 'identities' });
    const ours = identitiesReply([key('rsa', 'a key'), key('ecdsa', 'e')]);
    expect(ours.toString('hex')).toBe(reply);
  });

  it.each([
    { asked: CONVERSATION.signRsa, kind: 'rsa', name: 'rsa-sha2-512', hash: 'sha512' },
    { asked: CONVERSATION.signEcdsa, kind: 'ecdsa', name: 'ecdsa-sha2-nistp256', hash: 'sha256' },
  ] as const)('signs by $name, byte for byte', ({ asked, kind, name, hash }) => {
    const request = decodeRequest(message(asked.request));
    if (request.kind !== 'sign') throw new Error(request.kind);
    const { type, blob } = key(kind);
    expect(Buffer.from(request.blob)).toEqual(blob);
    expect(sshSignatureAlgorithm(type, request.flags, false).name).toBe(name);
    const raw = rawSignature(asked.reply);
    const publicKey = createPublicKey(RECORDED_PEM[kind]);
    const verifying = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
    expect(verify(hash, request.data, verifying, raw)).toBe(true);
    const ours = signReply(signatureBlob(name, signatureContent(type, raw)));
    expect(ours.toString('hex')).toBe(asked.reply);
  });

  it('signs with SHA-1 only where that is allowed', () => {
    const request = decodeRequest(message(CONVERSATION.signSha1.request));
    if (request.kind !== 'sign') throw new Error(request.kind);
    expect(request.flags).toBe(0);
    expect(() => sshSignatureAlgorithm('ssh-rsa', 0, false)).toThrow(/SHA-1/);
    const allowed = sshSignatureAlgorithm('ssh-rsa', request.flags, true);
    expect(allowed).toEqual({ name: 'ssh-rsa', algorithm: 'RSA-SHA1' });
  });

  it('has its shortest replies', () => {
    expect(Buffer.from(SUCCESS_REPLY).toString('hex')).toBe('0000000106');
    expect(Buffer.from(FAILURE_REPLY).toString('hex')).toBe('0000000105');
  });
});

describe('a message that is not one', () => {
  const sign = message(CONVERSATION.signEcdsa.request);

  it('is refused when it ends anywhere too early', () => {
    for (let length = 0; length < sign.length; length += 1) {
      expect(() => decodeRequest(sign.subarray(0, length))).toThrow(WireError);
    }
  });

  it('is refused when something follows', () => {
    expect(() => decodeRequest(Buffer.concat([sign, Buffer.alloc(1)]))).toThrow(WireError);
    expect(() => decodeRequest(Buffer.from('0b00', 'hex'))).toThrow(WireError);
  });

  it('is refused when a length in it is wrong, however large', () => {
    for (const length of ['ffffffff', '7fffffff', '80000000', '00000002']) {
      expect(() => decodeRequest(Buffer.from(`16${length}61`, 'hex'))).toThrow(WireError);
    }
  });

  it('is none of ours when its number is another', () => {
    const known = [11, 13, 19, 22, 23];
    for (let number = 0; number < 256; number += 1) {
      if (known.includes(number)) continue;
      expect(decodeRequest(Uint8Array.of(number, 1, 2, 3))).toEqual({ kind: 'other' });
    }
  });
});

describe('a number', () => {
  // The examples of RFC 4251, section 5, and zeros in front.
  it.each([
    ['00', '00000000'],
    ['', '00000000'],
    ['09a378f9b2e332a7', '0000000809a378f9b2e332a7'],
    ['80', '000000020080'],
    ['0000008001', '00000003008001'],
  ])('%s is %s', (number, wire) => {
    expect(wireMpint(Buffer.from(number, 'hex')).toString('hex')).toBe(wire);
  });
});

/** The signature in a reply as cards make it: RSA as it is, ECDSA as r ‖ s of 32 bytes each. */
function rawSignature(reply: string): Buffer {
  const outer = new WireReader(message(reply));
  expect(outer.byte()).toBe(14);
  const blob = new WireReader(outer.string());
  const name = Buffer.from(blob.string()).toString();
  const content = blob.string();
  if (name.startsWith('rsa')) return Buffer.from(content);
  const halves = new WireReader(content);
  const parts = [halves.string(), halves.string()];
  halves.end();
  expect(wireString('')).toHaveLength(4);
  return Buffer.concat(parts.map((part) => fixed(part)));
}

function fixed(number: Uint8Array): Buffer {
  const bytes = Buffer.alloc(32);
  const magnitude = number.subarray(Math.max(0, number.length - 32));
  bytes.set(magnitude, 32 - magnitude.length);
  return bytes;
}
