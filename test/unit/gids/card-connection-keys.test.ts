import { execFileSync } from 'node:child_process';
import {
  constants,
  createHash,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { HashName } from '../../../lib/backend/backend.js';
import type { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import { publicKeyObject } from '../../../lib/public-key.js';
import { expectSigns, RecordingChannel, TestCard } from '../../support/gids-card.js';

const HASHES: readonly HashName[] = ['SHA1', 'SHA256', 'SHA384', 'SHA512'];

const digestOf = (hash: HashName, data: Uint8Array) => createHash(hash).update(data).digest();

let card: TestCard;
let connection: GidsCardConnection;
const withPin = () => ({ pin: card.pin });
const ec = (name: string) => ({ name, algorithm: 'EC-P256', keySpec: 'signature' }) as const;
const rsa = (name: string) => ({ name, algorithm: 'RSA-1024', keySpec: 'keyExchange' }) as const;

beforeEach(() => {
  card = new TestCard();
  connection = card.connection();
});

function code(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

describe('signing', () => {
  it.each(HASHES)('PKCS#1 v1.5 and PSS with %s verify', async (hash) => {
    await connection.createContainer({ ...rsa('Key'), algorithm: 'RSA-2048' }, withPin());
    const key = publicKeyObject(await connection.publicKey('Key'));
    const data = randomBytes(100);
    const digest = digestOf(hash, data);
    const pkcs1 = await connection.signDigest('Key', { type: 'pkcs1', hash }, digest, withPin());
    expect(pkcs1.length).toBe(256);
    expect(verify(hash, data, key, pkcs1)).toBe(true);
    const pss = await connection.signDigest('Key', { type: 'pss', hash }, digest, withPin());
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const saltLength = digest.length;
    expect(verify(hash, data, { key, padding, saltLength }, pss)).toBe(true);
    expect(verify(hash, randomBytes(100), { key, padding, saltLength }, pss)).toBe(false);
  });

  it.each(['EC-P256', 'EC-P384'] as const)('ECDSA with %s verifies', async (algorithm) => {
    await connection.createContainer({ ...ec('Key'), algorithm }, withPin());
    const key = publicKeyObject(await connection.publicKey('Key'));
    for (const hash of HASHES) {
      const data = randomBytes(100);
      const scheme = { type: 'ecdsa', hash } as const;
      const signature = await connection.signDigest('Key', scheme, digestOf(hash, data), withPin());
      expect(verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
    }
  });

  it('satisfies the openssl program', async () => {
    await connection.createContainer(rsa('Key'), withPin());
    const key = publicKeyObject(await connection.publicKey('Key'));
    const data = randomBytes(100);
    const digest = digestOf('SHA256', data);
    const scheme = { type: 'pss', hash: 'SHA256' } as const;
    const signature = await connection.signDigest('Key', scheme, digest, withPin());
    const directory = mkdtempSync(join(tmpdir(), 'gids-sign-'));
    try {
      const path = (name: string) => join(directory, name);
      writeFileSync(path('key'), key.export({ format: 'pem', type: 'spki' }));
      writeFileSync(path('data'), data);
      writeFileSync(path('signature'), signature);
      const options = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'];
      const check = ['-verify', path('key'), '-signature', path('signature'), path('data')];
      const answer = execFileSync('openssl', ['dgst', '-sha256', ...options, ...check]);
      expect(answer.toString()).toContain('Verified OK');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('with a PIN is VERIFY, MSE, PSO and a log-out; logged in, MSE and PSO', async () => {
    const recording = new RecordingChannel(card.channel());
    const recorded = card.connection(recording);
    await recorded.createContainer(rsa('Key'), withPin());
    const scheme = { type: 'pkcs1', hash: 'SHA256' } as const;
    const digest = randomBytes(32);
    // What containers there are is known from here on; a look at the counters tells that it still holds.
    await recorded.publicKey('Key');
    const counters = '00cba010';
    recording.takeHeaders();
    await recorded.signDigest('Key', scheme, digest, withPin());
    expect(recording.takeHeaders()).toEqual([
      counters,
      '00200080',
      '002241b6',
      '002a9e9a',
      '00200082',
    ]);
    await recorded.verifyPin(card.pin);
    recording.takeHeaders();
    await recorded.signDigest('Key', scheme, digest, {});
    expect(recording.takeHeaders()).toEqual([counters, '002241b6', '002a9e9a']);
  });

  it('checks scheme, digest and key', async () => {
    await connection.createContainer(ec('EC'), withPin());
    await connection.createContainer(rsa('RSA'), withPin());
    const sign = (name: string, type: 'pkcs1' | 'pss' | 'ecdsa', hash: HashName, length: number) =>
      connection.signDigest(name, { type, hash }, randomBytes(length), withPin()).catch(code);
    expect(await sign('EC', 'ecdsa', 'SHA256', 31)).toBe('ERR_INVALID_ARGUMENT');
    expect(await sign('EC', 'ecdsa', 'SHA384', 32)).toBe('ERR_INVALID_ARGUMENT');
    expect(await sign('EC', 'ecdsa', 'MD5' as HashName, 16)).toBe('ERR_INVALID_ARGUMENT');
    expect(await sign('EC', 'raw' as 'pss', 'SHA256', 32)).toBe('ERR_INVALID_ARGUMENT');
    expect(await sign('EC', 'pkcs1', 'SHA256', 32)).toBe('ERR_ALGORITHM_NOT_SUPPORTED');
    expect(await sign('RSA', 'ecdsa', 'SHA256', 32)).toBe('ERR_ALGORITHM_NOT_SUPPORTED');
    expect(await sign('RSA', 'pss', 'SHA512', 64)).toBe('ERR_ALGORITHM_NOT_SUPPORTED');
    expect(await sign('None', 'pss', 'SHA256', 32)).toBe('ERR_CONTAINER_NOT_FOUND');
    await expectSigns(connection, 'EC', card.pin);
  });
});

describe('decryption', () => {
  const oaep = { type: 'oaep', hash: 'SHA256' } as const;

  it('takes PKCS#1 v1.5 and OAEP paddings off', async () => {
    await connection.createContainer({ ...rsa('Key'), algorithm: 'RSA-2048' }, withPin());
    const key = publicKeyObject(await connection.publicKey('Key'));
    for (const secret of [Buffer.alloc(0), randomBytes(1), randomBytes(60)]) {
      const padding = constants.RSA_PKCS1_PADDING;
      const ciphertext = publicEncrypt({ key, padding }, secret);
      const message = await connection.decrypt('Key', { type: 'pkcs1' }, ciphertext, withPin());
      expect(message.equals(secret)).toBe(true);
      for (const hash of HASHES) {
        const options = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash };
        const plain = await connection.decrypt(
          'Key',
          { type: 'oaep', hash },
          publicEncrypt(options, secret),
          withPin(),
        );
        expect(plain.equals(secret)).toBe(true);
      }
    }
  });

  it('fails in one way, whatever is wrong with the ciphertext', async () => {
    await connection.createContainer(rsa('Key'), withPin());
    const publicKey = await connection.publicKey('Key');
    const key = publicKeyObject(publicKey);
    const right = publicEncrypt({ key, oaepHash: 'SHA256' }, Buffer.from('message'));
    const sha1 = publicEncrypt({ key, oaepHash: 'SHA1' }, Buffer.from('message'));
    const tampered = Buffer.from(right);
    tampered[60] = (tampered[60] ?? 0) ^ 1;
    const aboveModulus = Buffer.alloc(128, 0xff);
    const small = Buffer.concat([Buffer.alloc(1), randomBytes(127)]);
    const wrong = [sha1, tampered, aboveModulus, small, right.subarray(1), Buffer.alloc(0)];
    const outcomes = new Set<string>();
    for (const scheme of [oaep, { type: 'pkcs1' } as const]) {
      for (const ciphertext of wrong) {
        const error = await connection.decrypt('Key', scheme, ciphertext, withPin()).then(
          () => new Error('decrypted'),
          (each: Error) => each,
        );
        outcomes.add(`${code(error)} ${error.message}`);
      }
    }
    expect([...outcomes]).toEqual([
      'ERR_DECRYPTION_FAILED The ciphertext does not belong to the key, or is damaged.',
    ]);
    expect(await connection.decrypt('Key', oaep, right, withPin())).toEqual(Buffer.from('message'));
  });

  it('is refused by EC keys and by keys made for signatures', async () => {
    await connection.createContainer(ec('EC'), withPin());
    await connection.createContainer({ ...rsa('Sign'), keySpec: 'signature' }, withPin());
    for (const name of ['EC', 'Sign']) {
      await expect(
        connection.decrypt(name, oaep, randomBytes(128), withPin()),
      ).rejects.toMatchObject({ code: 'ERR_ALGORITHM_NOT_SUPPORTED' });
    }
  });
});

describe('import', () => {
  const pkcs8 = (key: { export(options: object): Buffer | string }) =>
    key.export({ format: 'der', type: 'pkcs8' }) as Buffer;

  it('brings RSA and EC keys to the card', async () => {
    const pairs = {
      RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
      P256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      P384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    };
    for (const [name, { privateKey, publicKey }] of Object.entries(pairs)) {
      const spec = { name, privateKey: pkcs8(privateKey), keySpec: 'keyExchange' } as const;
      await connection.importContainer(spec, withPin());
      expect(publicKeyObject(await connection.publicKey(name)).equals(publicKey)).toBe(true);
      const data = randomBytes(10);
      const type = name === 'RSA' ? 'pkcs1' : 'ecdsa';
      const digest = digestOf('SHA256', data);
      const scheme = { type, hash: 'SHA256' } as const;
      const signature = await connection.signDigest(name, scheme, digest, withPin());
      const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
      expect(verify('sha256', data, key, signature)).toBe(true);
    }
  });

  it('is refused where the card does not allow it, and leaves nothing', async () => {
    card = new TestCard({ allowKeyImport: false });
    connection = card.connection();
    const before = card.vault.state;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spec = { name: 'x', privateKey: pkcs8(privateKey), keySpec: 'signature' } as const;
    await expect(connection.importContainer(spec, withPin())).rejects.toMatchObject({
      code: 'ERR_KEY_IMPORT_NOT_ALLOWED',
      statusWord: 0x6985,
    });
    expect(card.vault.state).toEqual(before);
  });

  it('takes private keys that a card can hold, only', async () => {
    const keys = [
      [randomBytes(40), 'ERR_INVALID_ARGUMENT'],
      [pkcs8(generateKeyPairSync('ed25519').privateKey), 'ERR_ALGORITHM_NOT_SUPPORTED'],
      [
        pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey),
        'ERR_ALGORITHM_NOT_SUPPORTED',
      ],
    ] as const;
    for (const [privateKey, expected] of keys) {
      const spec = { name: 'x', privateKey, keySpec: 'signature' } as const;
      await expect(connection.importContainer(spec, withPin())).rejects.toMatchObject({
        code: expected,
      });
    }
  });
});
