import { execFileSync } from 'node:child_process';
import {
  constants,
  createHash,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  verify,
  X509Certificate,
} from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { HashName } from '../../../lib/backend/backend.js';
import type { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import { encryptTripleDes } from '../../../lib/gids/triple-des.js';
import { publicKeyObject } from '../../../lib/public-key.js';
import { certificateFor, RecordingChannel, randomPin, TestCard } from '../../support/gids-card.js';

const HASHES: readonly HashName[] = ['SHA1', 'SHA256', 'SHA384', 'SHA512'];

const digestOf = (hash: HashName, data: Uint8Array) => createHash(hash).update(data).digest();

function code(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

let card: TestCard;
let connection: GidsCardConnection;
const withPin = () => ({ pin: card.pin });
const ec = (name: string) => ({ name, algorithm: 'EC-P256', keySpec: 'signature' }) as const;
const rsa = (name: string) => ({ name, algorithm: 'RSA-1024', keySpec: 'keyExchange' }) as const;

beforeEach(() => {
  card = new TestCard();
  connection = card.connection();
});

async function expectSigns(name: string, by = connection): Promise<void> {
  const data = randomBytes(40);
  const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
  const signature = await by.signDigest(name, scheme, digestOf('SHA256', data), withPin());
  const key = publicKeyObject(await by.publicKey(name));
  expect(verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
}

describe('containers', () => {
  it('are created, listed and deleted', async () => {
    expect(await connection.containers()).toEqual([]);
    const first = await connection.createContainer(rsa('First'), withPin());
    const second = await connection.createContainer(ec('Second'), withPin());
    expect(first).toEqual({
      name: 'First',
      index: 0,
      isDefault: true,
      keySpec: 'keyExchange',
      algorithm: 'RSA-1024',
      hasCertificate: false,
    });
    expect(second).toEqual({
      name: 'Second',
      index: 1,
      isDefault: false,
      keySpec: 'signature',
      algorithm: 'EC-P256',
      hasCertificate: false,
    });
    expect(await card.connection().containers()).toEqual([first, second]);
    await connection.deleteContainer('first', withPin());
    expect(await connection.containers()).toEqual([{ ...second, isDefault: true }]);
    expect(card.keyReferences).toEqual([0x82]);
    const third = await connection.createContainer(ec('Third'), withPin());
    expect(third).toMatchObject({ index: 0, isDefault: false });
  });

  it('write the files that other hosts read', async () => {
    await connection.createContainer(rsa('Gemeinsam'), withPin());
    const files = card.vault.state.files;
    const hex = (file: number, tag: number) =>
      Buffer.from(files.get(file)?.objects.get(tag) ?? []).toString('hex');
    const name = Buffer.from('Gemeinsam', 'utf16le').toString('hex').padEnd(160, '0');
    expect(hex(0xa010, 0xdf23)).toBe(`${name}030000000004`);
    expect(hex(0xa000, 0xdf20)).toBe('01010000000' + '69a81b0ffff0000');
    expect(hex(0xa010, 0xdf22)).toBe('000001000100');
    expect(Buffer.from(card.vault.state.keys.get(0x81)?.accessRules ?? []).toString('hex')).toBe(
      '8f10101000',
    );
  });

  it('send what Windows was seen to send for a new RSA key', async () => {
    const recording = new RecordingChannel(card.channel());
    const recorded = card.connection(recording);
    await recorded.createContainer({ ...rsa('Key'), algorithm: 'RSA-1024' }, withPin());
    expect(recording.commands).toContain(
      '00e0000049624782011883' +
        '02b0818c058f10101000a537b80980010683018' +
        '1950140b809800186830181950140b809800146830181950140b609800116830181950140b609800156830181950140',
    );
    expect(recording.commands).toContain('00440000');
    expect(recording.commands).toContain('0047000008ac0680010683018100');
    expect(recording.commands).toContain('00cb3fff0a7008840181a5037f498000');
  });

  it('refuse a name that exists, whatever its case, and names that are none', async () => {
    await connection.createContainer(ec('Name'), withPin());
    await expect(connection.createContainer(ec('NAME'), withPin())).rejects.toMatchObject({
      code: 'ERR_CONTAINER_EXISTS',
    });
    await expect(connection.createContainer(ec(''), withPin())).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      parameter: 'name',
    });
    expect(card.keyReferences).toEqual([0x81]);
  });

  it('are at most 30', async () => {
    await connection.verifyPin(card.pin);
    for (let at = 0; at < 30; at++) await connection.createContainer(ec(`c${at}`), {});
    await expect(connection.createContainer(ec('more'), {})).rejects.toMatchObject({
      code: 'ERR_CONTAINER_LIMIT',
    });
    expect((await connection.containers()).length).toBe(30);
    await expectSigns('c29');
    await connection.deleteContainer('c7', {});
    expect(await connection.createContainer(ec('again'), {})).toMatchObject({ index: 7 });
  });

  it('have one default, which can be chosen', async () => {
    await connection.createContainer(ec('a'), withPin());
    await connection.createContainer(ec('b'), withPin());
    await connection.setDefaultContainer('B', withPin());
    const defaults = (await connection.containers()).map(({ name, isDefault }) => [
      name,
      isDefault,
    ]);
    expect(defaults).toEqual([
      ['a', false],
      ['b', true],
    ]);
    await expect(connection.setDefaultContainer('c', withPin())).rejects.toMatchObject({
      code: 'ERR_CONTAINER_NOT_FOUND',
    });
  });

  it('leave nothing behind when the card cannot make the key', async () => {
    const before = card.vault.state;
    await expect(
      connection.createContainer({ ...rsa('Big'), algorithm: 'RSA-3072' }, withPin()),
    ).rejects.toMatchObject({ code: 'ERR_ALGORITHM_NOT_SUPPORTED' });
    expect(card.vault.state).toEqual(before);
  });

  it('leave nothing behind when the call is aborted at any step', async () => {
    const before = card.vault.state;
    let steps = 0;
    for (let at = 1; ; at++) {
      const controller = new AbortController();
      const channel = card.channel();
      steps = 0;
      const aborting = card.connection({
        transmit(command) {
          if (++steps === at) controller.abort(new Error('enough'));
          return channel.transmit(command);
        },
        reset: () => channel.reset(),
        close: () => channel.close(),
      });
      const options = { pin: card.pin, signal: controller.signal };
      const outcome = await aborting.createContainer(ec('Aborted'), options).then(
        () => 'made',
        (error) => code(error),
      );
      if (!controller.signal.aborted) break;
      if (outcome === 'made') {
        await connection.deleteContainer('Aborted', withPin());
      } else {
        expect(outcome).toBe('ERR_ABORTED');
        expect(await connection.containers()).toEqual([]);
      }
      expect(card.keyReferences).toEqual([]);
    }
    expect(steps).toBeGreaterThan(10);
    expect(card.vault.state.files.get(0xa010)?.objects.get(0xdf24)).toBe(
      before.files.get(0xa010)?.objects.get(0xdf24),
    );
  });
});

describe('two connections to one card', () => {
  it('see what the other changes, and never use a key made anew for the old one', async () => {
    const other = card.connection();
    await connection.createContainer(ec('Shared'), withPin());
    await expectSigns('Shared', other);
    const old = await other.publicKey('Shared');
    await connection.deleteContainer('Shared', withPin());
    await connection.createContainer(ec('Between'), withPin());
    await connection.createContainer(ec('Shared'), withPin());
    await expectSigns('Shared', other);
    expect(await other.publicKey('Shared')).not.toEqual(old);
    await connection.deleteContainer('Shared', withPin());
    const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
    await expect(
      other.signDigest('Shared', scheme, randomBytes(32), withPin()),
    ).rejects.toMatchObject({ code: 'ERR_CONTAINER_NOT_FOUND' });
  });

  it('have each its own PIN state', async () => {
    const other = card.connection();
    await connection.verifyPin(card.pin);
    await expect(other.createContainer(ec('x'), {})).rejects.toMatchObject({
      code: 'ERR_PIN_REQUIRED',
    });
    await connection.createContainer(ec('x'), {});
  });

  it('do not disturb each other when both change the card at once', async () => {
    const other = card.connection();
    const certificates = new Map<string, Buffer>();
    const fill = async (by: GidsCardConnection, prefix: string) => {
      for (let at = 0; at < 6; at++) {
        const name = `${prefix}${at}`;
        await by.createContainer(ec(name), withPin());
        const certificate = certificateFor(await by.publicKey(name), name);
        certificates.set(name, certificate);
        await by.storeCertificate(name, certificate, withPin());
        if (at % 3 === 2) await by.deleteContainer(`${prefix}${at - 1}`, withPin());
      }
    };
    await Promise.all([fill(connection, 'a'), fill(other, 'b')]);
    const containers = await connection.containers();
    expect(containers.map(({ name }) => name).sort()).toEqual([
      'a0',
      'a2',
      'a3',
      'a5',
      'b0',
      'b2',
      'b3',
      'b5',
    ]);
    for (const { name } of containers) {
      await expectSigns(name, other);
      expect(await connection.certificate(name)).toEqual(certificates.get(name));
    }
    expect(card.keyReferences.length).toBe(8);
  });

  it('are logged out both when one changes the PIN', async () => {
    const other = card.connection();
    await other.createContainer(ec('x'), withPin());
    await other.verifyPin(card.pin);
    const newPin = randomPin(6);
    await connection.changePin(card.pin, newPin);
    const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
    for (let time = 0; time < 2; time++) {
      await expect(other.signDigest('x', scheme, randomBytes(32), {})).rejects.toMatchObject({
        code: 'ERR_PIN_REQUIRED',
      });
    }
    await other.signDigest('x', scheme, randomBytes(32), { pin: newPin });
  });
});

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
    await expectSigns('EC');
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

describe('certificates', () => {
  it('are stored, replaced and deleted', async () => {
    await connection.createContainer(ec('a'), withPin());
    await connection.createContainer({ ...rsa('b'), keySpec: 'keyExchange' }, withPin());
    expect(await connection.certificate('a')).toBeUndefined();
    const first = certificateFor(await connection.publicKey('a'), 'first');
    const second = certificateFor(await connection.publicKey('a'), 'second');
    const ofB = certificateFor(await connection.publicKey('b'), 'b');
    await connection.storeCertificate('a', first, withPin());
    await connection.storeCertificate('b', ofB, withPin());
    expect(await connection.certificate('A')).toEqual(first);
    expect(await card.connection().certificate('b')).toEqual(ofB);
    expect(new X509Certificate((await connection.certificate('a')) ?? '').subject).toBe('CN=first');
    await connection.storeCertificate('a', second, withPin());
    expect(await connection.certificate('a')).toEqual(second);
    expect((await connection.containers()).map((each) => each.hasCertificate)).toEqual([
      true,
      true,
    ]);
    const masterfile = Buffer.from(card.vault.state.files.get(0xa000)?.objects.get(0xdf1f) ?? []);
    expect(masterfile.includes('ksc00')).toBe(true);
    expect(masterfile.includes('kxc01')).toBe(true);
    await connection.deleteCertificate('a', withPin());
    expect(await connection.certificate('a')).toBeUndefined();
    await expect(connection.deleteCertificate('a', withPin())).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE_NOT_FOUND',
    });
    expect((await connection.containers()).map((each) => each.hasCertificate)).toEqual([
      false,
      true,
    ]);
    await expectSigns('a');
  });

  it('go with their container', async () => {
    await connection.createContainer(ec('a'), withPin());
    const certificate = certificateFor(await connection.publicKey('a'), 'a');
    await connection.storeCertificate('a', certificate, withPin());
    await connection.deleteContainer('a', withPin());
    expect(
      Buffer.from(card.vault.state.files.get(0xa010)?.objects.get(0xdf24) ?? [1]),
    ).toHaveLength(0);
    await connection.createContainer(ec('b'), withPin());
    expect(await connection.certificate('b')).toBeUndefined();
  });

  it('must be of the key, and certificates', async () => {
    await connection.createContainer(ec('a'), withPin());
    await connection.createContainer(ec('b'), withPin());
    const ofA = certificateFor(await connection.publicKey('a'), 'a');
    await expect(connection.storeCertificate('b', ofA, withPin())).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE_MISMATCH',
    });
    const pem = Buffer.from(new X509Certificate(ofA).toString());
    for (const bytes of [randomBytes(50), pem, Buffer.concat([ofA, Buffer.alloc(1)])]) {
      await expect(connection.storeCertificate('a', bytes, withPin())).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        parameter: 'certificate',
      });
    }
    expect(await connection.certificate('a')).toBeUndefined();
    expect(await connection.certificate('b')).toBeUndefined();
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

describe('PIN, PUK and admin key', () => {
  const wrong = Buffer.from('no such pin');

  it('counts wrong PINs, and a right one starts again', async () => {
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
    for (const triesLeft of [4, 3, 2, 1]) {
      await expect(connection.verifyPin(wrong)).rejects.toMatchObject({
        code: 'ERR_PIN_INCORRECT',
        triesLeft,
        statusWord: 0x63c0 | triesLeft,
      });
    }
    await connection.verifyPin(card.pin);
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
  });

  it('is blocked after five', async () => {
    for (let time = 0; time < 4; time++) await connection.verifyPin(wrong).catch(code);
    await expect(connection.verifyPin(wrong)).rejects.toMatchObject({
      code: 'ERR_PIN_INCORRECT',
      triesLeft: 0,
    });
    for (const pin of [wrong, card.pin]) {
      await expect(connection.verifyPin(pin)).rejects.toMatchObject({
        code: 'ERR_PIN_BLOCKED',
        statusWord: 0x6983,
      });
    }
    await expect(connection.changePin(card.pin, randomPin(8))).rejects.toMatchObject({
      code: 'ERR_PIN_BLOCKED',
    });
    expect(await connection.pinTries()).toEqual({ left: 0, max: 5 });
  });

  it('is needed, and its absence costs nothing', async () => {
    const recording = new RecordingChannel(card.channel());
    const recorded = card.connection(recording);
    await expect(recorded.createContainer(ec('x'), {})).rejects.toMatchObject({
      code: 'ERR_PIN_REQUIRED',
    });
    expect(recording.commands).toEqual([]);
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
  });

  it('given with a call holds for that call; logged in, it stays', async () => {
    await connection.createContainer(ec('x'), withPin());
    const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
    const sign = (options: object) =>
      connection.signDigest('x', scheme, randomBytes(32), options).then(() => 'signed', code);
    expect(await sign({})).toBe('ERR_PIN_REQUIRED');
    expect(card.vault.openAuthorizations).toBe(0);
    await connection.verifyPin(card.pin);
    expect(await sign(withPin())).toBe('signed');
    expect(await sign({})).toBe('signed');
    await connection.logout();
    expect(await sign({})).toBe('ERR_PIN_REQUIRED');
    expect(card.vault.openAuthorizations).toBe(0);
  });

  it('is logged out when the call that brought it fails', async () => {
    await expect(connection.deleteContainer('none', withPin())).rejects.toMatchObject({
      code: 'ERR_CONTAINER_NOT_FOUND',
    });
    expect(card.vault.openAuthorizations).toBe(0);
  });

  it('a wrong name or certificate costs no try', async () => {
    const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
    await expect(
      connection.signDigest('none', scheme, randomBytes(32), { pin: wrong }),
    ).rejects.toMatchObject({ code: 'ERR_CONTAINER_NOT_FOUND' });
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
  });

  it('changes, logs out, and old and new are never mixed up', async () => {
    const newPin = randomPin(6);
    const tooLong = Buffer.concat([card.pin, Buffer.from('0')]);
    await expect(connection.changePin(tooLong, newPin)).rejects.toMatchObject({
      code: 'ERR_PIN_INCORRECT',
      triesLeft: 4,
    });
    await connection.verifyPin(card.pin);
    await connection.changePin(card.pin, newPin);
    await expect(connection.createContainer(ec('x'), {})).rejects.toMatchObject({
      code: 'ERR_PIN_REQUIRED',
    });
    await connection.verifyPin(newPin);
    await expect(connection.verifyPin(card.pin)).rejects.toMatchObject({
      code: 'ERR_PIN_INCORRECT',
    });
  });

  it('refuses a new PIN against the policy, and stays as it was', async () => {
    await connection.verifyPin(card.pin);
    await expect(connection.changePin(card.pin, randomPin(3))).rejects.toMatchObject({
      code: 'ERR_PIN_POLICY',
    });
    await connection.createContainer(ec('still logged in'), {});
    await connection.logout();
    await expect(connection.changePin(card.pin, randomPin(3))).rejects.toMatchObject({
      code: 'ERR_PIN_POLICY',
    });
    expect(card.vault.openAuthorizations).toBe(0);
  });

  it('is unblocked by the PUK on a card that has one', async () => {
    expect(await connection.pukTries()).toBeUndefined();
    await expect(connection.unblockWithPuk(randomPin(8), randomPin(8))).rejects.toMatchObject({
      code: 'ERR_PUK_NOT_SET',
    });
    card = new TestCard({ withPuk: true });
    connection = card.connection();
    const puk = card.puk ?? Buffer.alloc(0);
    for (let time = 0; time < 5; time++) await connection.verifyPin(wrong).catch(code);
    const newPin = randomPin(7);
    await expect(connection.unblockWithPuk(randomPin(10), newPin)).rejects.toMatchObject({
      code: 'ERR_PUK_INCORRECT',
      triesLeft: 4,
    });
    expect(await connection.pukTries()).toEqual({ left: 4, max: 5 });
    await expect(connection.unblockWithPuk(puk, randomPin(2))).rejects.toMatchObject({
      code: 'ERR_PIN_POLICY',
    });
    await connection.unblockWithPuk(puk, newPin);
    expect(card.vault.openAuthorizations).toBe(0);
    expect(await connection.pukTries()).toEqual({ left: 5, max: 5 });
    await connection.verifyPin(newPin);
  });

  it('tells when a PUK that is too long was cut in two by the card', async () => {
    card = new TestCard({ withPuk: true });
    connection = card.connection();
    const puk = card.puk ?? Buffer.alloc(0);
    const newPin = randomPin(7);
    const tooLong = Buffer.concat([puk, Buffer.from('0')]);
    await expect(connection.unblockWithPuk(tooLong, newPin)).rejects.toMatchObject({
      code: 'ERR_PUK_INCORRECT',
    });
    await connection.unblockWithPuk(puk, newPin);
    await connection.verifyPin(newPin);
  });

  it('blocks the PUK after five', async () => {
    card = new TestCard({ withPuk: true });
    connection = card.connection();
    for (let time = 0; time < 5; time++) {
      await connection.unblockWithPuk(randomPin(10), randomPin(8)).catch(code);
    }
    expect(await connection.pukTries()).toEqual({ left: 0, max: 5 });
    await expect(connection.unblockWithPuk(randomPin(10), randomPin(8))).rejects.toMatchObject({
      code: 'ERR_PUK_BLOCKED',
    });
  });

  const respond = (key: Uint8Array) => async (challenge: Uint8Array) =>
    encryptTripleDes(key, challenge);

  it('is reset by the admin, who can then do no more', async () => {
    const newPin = randomPin(9);
    for (let time = 0; time < 5; time++) await connection.verifyPin(wrong).catch(code);
    await connection.asAdmin(respond(card.adminKey), { resetPin: newPin });
    await connection.verifyPin(newPin);
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
    await connection.asAdmin(respond(card.adminKey), { authenticateOnly: true });
    await expect(connection.createContainer(ec('x'), {})).rejects.toMatchObject({
      code: 'ERR_PIN_REQUIRED',
    });
  });

  it('ends the admin authentication when the action is done or fails', async () => {
    const channel = card.channel();
    const admin = card.connection(channel);
    const resetPin = Buffer.concat([Buffer.from('002c028006', 'hex'), randomPin(6)]);
    await admin.asAdmin(respond(card.adminKey), { authenticateOnly: true });
    expect((await channel.transmit(resetPin)).toString('hex')).toBe('6982');
    await expect(
      admin.asAdmin(respond(card.adminKey), { resetPin: randomPin(2) }),
    ).rejects.toMatchObject({ code: 'ERR_PIN_POLICY' });
    expect((await channel.transmit(resetPin)).toString('hex')).toBe('6982');
  });

  it('refuses a wrong response, and changes the admin key', async () => {
    const action = { authenticateOnly: true } as const;
    await expect(connection.asAdmin(respond(randomBytes(24)), action)).rejects.toMatchObject({
      code: 'ERR_ADMIN_KEY_INCORRECT',
    });
    await expect(connection.asAdmin(async () => Buffer.alloc(7), action)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      parameter: 'response',
    });
    const newKey = randomBytes(24);
    await connection.asAdmin(respond(card.adminKey), { setAdminKey: newKey });
    await connection.asAdmin(respond(newKey), action);
    await expect(connection.asAdmin(respond(card.adminKey), action)).rejects.toMatchObject({
      code: 'ERR_ADMIN_KEY_INCORRECT',
    });
  });

  it('passes a failing responder on', async () => {
    const failure = new Error('the vault is down');
    const fail = async () => {
      throw failure;
    };
    await expect(connection.asAdmin(fail, { authenticateOnly: true })).rejects.toBe(failure);
    await connection.verifyPin(card.pin);
  });

  it('cannot be reset by the admin on a card with a PUK', async () => {
    card = new TestCard({ withPuk: true });
    connection = card.connection();
    await expect(
      connection.asAdmin(respond(card.adminKey), { resetPin: randomPin(8) }),
    ).rejects.toMatchObject({ code: 'ERR_ADMIN_RESET_NOT_ALLOWED' });
  });

  it('leaves no PIN, PUK or key in the command buffers', async () => {
    card = new TestCard({ withPuk: true });
    const recording = new RecordingChannel(card.channel());
    const recorded = card.connection(recording);
    const [pin, newPin, newKey] = [card.pin, randomPin(6), randomBytes(24)];
    await recorded.verifyPin(pin);
    await recorded.changePin(pin, newPin);
    await recorded.unblockWithPuk(card.puk ?? Buffer.alloc(0), pin);
    await recorded.asAdmin(respond(card.adminKey), { setAdminKey: newKey });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    const spec = { name: 'x', privateKey: pkcs8, keySpec: 'signature' } as const;
    await recorded.importContainer(spec, { pin });
    const sent = recording.commands.join();
    const left = Buffer.concat(recording.buffers);
    const scalar = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
    for (const secret of [pin, newPin, card.puk ?? pin, newKey, scalar]) {
      expect(sent).toContain(secret.toString('hex'));
      expect(left.includes(secret)).toBe(false);
    }
  });
});

describe('a connection', () => {
  it('carries overlapping calls out whole and in order', async () => {
    await connection.createContainer(ec('x'), withPin());
    const recording = new RecordingChannel(card.channel());
    const recorded = card.connection(recording);
    const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
    await recorded.publicKey('x');
    recording.takeHeaders();
    await Promise.all(
      Array.from({ length: 20 }, () =>
        recorded.signDigest('x', scheme, randomBytes(32), withPin()),
      ),
    );
    const one = ['00cba010', '00200080', '002241b6', '002a9e9a', '00200082'];
    expect(recording.takeHeaders()).toEqual(Array.from({ length: 20 }, () => one).flat());
  });

  it('refuses calls after close, and ends those before it', async () => {
    const before = connection.createContainer(ec('x'), withPin());
    const closing = connection.close();
    const after = connection.containers();
    await expect(after).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(await before).toMatchObject({ name: 'x' });
    await closing;
    await connection.close();
    expect(card.vault.openAuthorizations).toBe(0);
  });

  it('says so when the card has no file system', async () => {
    const blank = new TestCard({ state: { activated: true, files: new Map(), keys: new Map() } });
    await expect(blank.connection().containers()).rejects.toMatchObject({
      code: 'ERR_CARD_NOT_INITIALIZED',
    });
  });
});
