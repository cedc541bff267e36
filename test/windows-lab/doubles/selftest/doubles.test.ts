import { execFile } from 'node:child_process';
import {
  constants,
  createHash,
  createPublicKey,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  randomInt,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { GidsCardConnection } from '../../../../lib/gids/card-connection.js';
import { publicKeyObject } from '../../../../lib/public-key.js';
import { Lab, type RecordedCall } from '../../support/lab.js';
import { rsaKeyOfLegacyBlob } from '../../support/legacy-blob.js';
import { unsignedCertificate } from '../../support/unsigned-certificate.js';

const execute = promisify(execFile);

interface TestCard {
  instanceId: string;
  readerName: string;
}

/** A PIN or PUK of eight digits. */
const digits = () => randomInt(10_000_000, 100_000_000).toString();

const secrets = () => ({
  pin: digits(),
  newPin: digits(),
  puk: digits(),
  adminKey: randomBytes(24),
});

function createCard(
  lab: Lab,
  { pin, puk, adminKey }: { pin: string; puk?: string; adminKey: Buffer },
): Promise<TestCard> {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return lab.request<TestCard>('createCard', {
    name: 'Self-test',
    adminKey: adminKey.toString('base64'),
    pin: base64(pin),
    puk: puk === undefined ? null : base64(puk),
    pinPolicy: null,
    generate: true,
  });
}

/** Runs a self-test; it ends with 0 only when all of its checks held. Resolves to its reports. */
async function selfTest(
  program: string,
  args: string[],
  settings: Record<string, string>,
): Promise<Record<string, Buffer>> {
  const env = { ...process.env };
  for (const [name, value] of Object.entries(settings)) env[`SELFTEST_${name}`] = value;
  const { stdout } = await execute(`${program}_selftest.exe`, args, { env }).catch((error) => {
    throw new Error(`${program}: ${error.stdout ?? error}`);
  });
  expect(stdout).toMatch(/^checks=[1-9]\d* failures=0\r?$/m);
  const reports = [...stdout.matchAll(/^(\w+)=([0-9a-f]*)\r?$/gm)];
  return Object.fromEntries(reports.map(([, name, hex]) => [name, Buffer.from(hex ?? '', 'hex')]));
}

/** Bytes that a card takes for a certificate: a DER sequence of some length. */
function certificate(): string {
  const content = randomBytes(900);
  const header = Buffer.from([0x30, 0x82, content.length >> 8, content.length & 0xff]);
  return Buffer.concat([header, content]).toString('hex');
}

const base64url = (bytes: Buffer) => bytes.toString('base64url');

function rsaKey(modulus: Buffer, exponent: Buffer): KeyObject {
  const key = { kty: 'RSA', n: base64url(modulus), e: base64url(exponent) };
  return createPublicKey({ key, format: 'jwk' });
}

/** From a BCRYPT_RSAKEY_BLOB: six numbers, exponent, modulus. */
function rsaKeyOfBlob(blob: Buffer): KeyObject {
  expect(blob.toString('latin1', 0, 4)).toBe('RSA1');
  const exponentEnd = 24 + blob.readUInt32LE(8);
  return rsaKey(blob.subarray(exponentEnd), blob.subarray(24, exponentEnd));
}

/** From a BCRYPT_ECCKEY_BLOB of P-256: two numbers, x, y. */
function ecKeyOfBlob(blob: Buffer): KeyObject {
  expect(blob.toString('latin1', 0, 4)).toBe('ECS1');
  const x = base64url(blob.subarray(8, 40));
  const y = base64url(blob.subarray(40));
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
}

test('winscard: contexts, readers, connections, transactions and changes', async () => {
  const lab = await Lab.fresh();
  const given = secrets();
  const { readerName, instanceId } = await createCard(lab, given);
  await selfTest('winscard', [], {
    READER: readerName,
    INSTANCE: instanceId,
    PIN: given.pin,
    ADMIN_KEY: given.adminKey.toString('hex'),
  });
  const { calls } = await lab.request<{ calls: { call: string }[] }>('recorded', {
    component: 'winscard',
  });
  expect(calls.map(({ call }) => call)).toContain('SCardTransmit');
});

test('tbs: the TPM of the cards answers', async () => {
  await Lab.fresh();
  const { response } = await selfTest('tbs', [], {});
  expect(response?.subarray(-4).toString('latin1')).toBe('IBM\0');
});

test('ncrypt: keys of the TPM sign and decrypt what OpenSSL verifies and encrypts', async () => {
  const lab = await Lab.fresh();
  const given = secrets();
  const message = randomBytes(100);
  const { readerName } = await createCard(lab, given);
  const settings = {
    READER: readerName,
    PIN: given.pin,
    SHA256: createHash('sha256').update(message).digest('hex'),
    CERTIFICATE: certificate(),
  };
  const made = await selfTest('ncrypt', ['sign'], settings);
  const { rsa, pkcs1, pss, ec, ecdsa } = made as Record<string, Buffer>;
  const key = rsaKeyOfBlob(rsa as Buffer);
  expect(verify('sha256', message, key, pkcs1 as Buffer)).toBe(true);
  const pssKey = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  expect(verify('sha256', message, pssKey, pss as Buffer)).toBe(true);
  const ecKey = { key: ecKeyOfBlob(ec as Buffer), dsaEncoding: 'ieee-p1363' as const };
  expect(verify('sha256', message, ecKey, ecdsa as Buffer)).toBe(true);

  const oaep = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  const plain = await selfTest('ncrypt', ['decrypt'], {
    ...settings,
    PKCS1: publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, message).toString('hex'),
    OAEP: publicEncrypt(oaep, message).toString('hex'),
  });
  expect(plain).toEqual({ pkcs1: message, oaep: message });

  await selfTest('ncrypt', ['rules'], settings);
  await selfTest('ncrypt', ['threads'], settings);
  await selfTest('ncrypt', ['delete'], settings);
});

/** The library's own GIDS client on a channel of the forwarder. */
async function connect(lab: Lab, readerName: string): Promise<GidsCardConnection> {
  const { channel } = await lab.request<{ channel: number }>('connect', { readerName });
  onTestFinished(async () => {
    await lab.request('disconnect', { channel });
  });
  const reset = async () => {
    await lab.request('resetChannel', { channel });
  };
  const transmit = async (command: Uint8Array) => {
    const apdu = Buffer.from(command).toString('base64');
    const { response } = await lab.request<{ response: string }>('transmit', { channel, apdu });
    return Buffer.from(response, 'base64');
  };
  const noInfo = () => Promise.reject(new Error('nobody asks'));
  return new GidsCardConnection({ transmit, reset, close: reset }, noInfo);
}

test('what the ncrypt double writes, the library reads, and the reverse', async () => {
  const lab = await Lab.fresh();
  const given = secrets();
  const pin = Buffer.from(given.pin);
  const message = randomBytes(100);
  const { readerName } = await createCard(lab, given);
  const settings = {
    READER: readerName,
    PIN: given.pin,
    SHA256: createHash('sha256').update(message).digest('hex'),
    CERTIFICATE: certificate(),
  };
  await selfTest('ncrypt', ['sign'], settings);
  const connection = await connect(lab, readerName);
  expect(await connection.containers()).toMatchObject([
    { name: 'RSA key', index: 0, isDefault: true, algorithm: 'RSA-2048', hasCertificate: true },
    { name: 'EC key', index: 1, isDefault: false, algorithm: 'EC-P256', hasCertificate: false },
  ]);
  const stored = await connection.certificate('RSA key');
  expect(stored?.toString('hex')).toBe(settings.CERTIFICATE);

  const [name, algorithm, keySpec] = ['Client key', 'RSA-2048', 'keyExchange'] as const;
  await connection.createContainer({ name, algorithm, keySpec }, { pin });
  const publicKey = publicKeyObject(await connection.publicKey(name));
  const x509 = unsignedCertificate(publicKey);
  await connection.storeCertificate(name, x509, { pin });
  const { signature } = await selfTest('ncrypt', ['open'], {
    ...settings,
    CONTAINER: name,
    CERTIFICATE: x509.toString('hex'),
  });
  expect(verify('sha256', message, publicKey, signature as Buffer)).toBe(true);
});

test('csp: CryptoAPI makes a container and signs what OpenSSL verifies', async () => {
  const lab = await Lab.fresh();
  const given = secrets();
  const message = 'signed by a provider of the old kind';
  const { readerName } = await createCard(lab, given);
  const made = await selfTest('csp', [], {
    READER: readerName,
    PIN: given.pin,
    MESSAGE: message,
    CERTIFICATE: certificate(),
  });
  const key = rsaKeyOfLegacyBlob(made['key'] as Buffer);
  const signature = Buffer.from(made['signature'] as Buffer).reverse();
  expect(verify('sha256', Buffer.from(message), key, signature)).toBe(true);
});

test('minidriver: PIN and admin key change, block and unblock', async () => {
  const lab = await Lab.fresh();
  const given = secrets();
  const withPuk = await createCard(lab, given);
  const withoutPuk = await createCard(lab, { pin: given.pin, adminKey: given.adminKey });
  await selfTest('minidriver', [], {
    READER: withPuk.readerName,
    ADMIN_READER: withoutPuk.readerName,
    PIN: given.pin,
    NEW_PIN: given.newPin,
    PUK: given.puk,
    ADMIN_KEY: given.adminKey.toString('hex'),
    NEW_ADMIN_KEY: randomBytes(24).toString('hex'),
  });
  const { calls } = await lab.request<{ calls: object[] }>('recorded', { component: 'minidriver' });
  expect(JSON.stringify(calls)).not.toContain(given.pin);
});

test('certcli: an authority is found and asked, and wrong arguments are refused', async () => {
  const lab = await Lab.fresh();
  await selfTest('certcli', [], {});
  const { calls } = await lab.request<{ calls: RecordedCall[] }>('recorded', {
    component: 'certcli',
  });
  const left = calls.filter(({ call }) => call === 'Release').at(-1);
  expect(left?.arguments).toEqual({ openObjects: 1 });
});

test('smartcards: the card in a reader is found and opened, and wrong arguments are refused', async () => {
  const lab = await Lab.fresh();
  await createCard(lab, secrets());
  await selfTest('smartcards', [], {});
  const { calls } = await lab.request<{ calls: RecordedCall[] }>('recorded', {
    component: 'smartcards',
  });
  const left = calls.filter(({ call }) => call === 'Release').at(-1);
  // One, and the three factories.
  expect(left?.arguments).toEqual({ openObjects: 4 });
});

test('a double answers what is scripted, once, and refuses a script that it does not know', async () => {
  const lab = await Lab.fresh();
  const script = (plan: object) =>
    lab.request('script', { component: 'tbs', call: 'Tbsi_GetDeviceInfo', plans: [plan] });
  await script({ result: 0x8028400f });
  await expect(selfTest('tbs', [], {})).rejects.toThrow('0x8028400F');
  await script({ crash: true });
  await expect(selfTest('tbs', [], {})).rejects.toThrow('0x80284001');
  await selfTest('tbs', [], {});
});
