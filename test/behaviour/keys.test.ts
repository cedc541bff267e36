import { constants, createHash, publicEncrypt, randomBytes, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { type SignatureAlgorithm, verifyAttestation } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { cardOptions, openManager, otherPin, temporaryDirectory } from '../support/store.js';

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = constants;

/** A new card and its PIN. */
async function newCard() {
  const manager = await openManager(await temporaryDirectory());
  const options = cardOptions();
  const card = await manager.create(options);
  return { manager, card, pin: options.pin };
}

test('an RSA key signs by each padding and hash, and decrypts', async () => {
  const { card, pin } = await newCard();
  const key = await card.createKey({ container: 'RSA', algorithm: 'RSA-2048' }, { pin });
  const { publicKey } = key;
  expect(publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
  const data = randomBytes(3000);
  for (const hash of ['SHA1', 'SHA256', 'SHA384', 'SHA512'] as const) {
    for (const [prefix, padding] of [
      ['RSA', RSA_PKCS1_PADDING],
      ['RSA-PSS', RSA_PKCS1_PSS_PADDING],
    ] as const) {
      const algorithm: SignatureAlgorithm = `${prefix}-${hash}`;
      const signature = await key.sign(algorithm, data, { pin });
      expect([algorithm, verify(hash, data, { key: publicKey, padding }, signature)]).toEqual([
        algorithm,
        true,
      ]);
    }
    const ciphertext = publicEncrypt({ key: publicKey, oaepHash: hash }, data.subarray(0, 32));
    const plaintext = await key.decrypt(`RSA-OAEP-${hash}`, ciphertext, { pin });
    expect(plaintext.equals(data.subarray(0, 32))).toBe(true);
  }
  const ciphertext = publicEncrypt(
    { key: publicKey, padding: RSA_PKCS1_PADDING },
    data.subarray(9, 99),
  );
  expect((await key.decrypt('RSA-PKCS1', ciphertext, { pin })).equals(data.subarray(9, 99))).toBe(
    true,
  );
  await expectError(key.decrypt('RSA-PKCS1', randomBytes(256), { pin }), 'ERR_DECRYPTION_FAILED');
});

test.each([
  ['EC-P256', ['SHA1', 'SHA256', 'SHA384', 'SHA512'], 'prime256v1'],
  ['EC-P384', ['SHA1', 'SHA256', 'SHA384', 'SHA512'], 'secp384r1'],
] as const)('an %s key signs', async (algorithm, hashes, namedCurve) => {
  const { card, pin } = await newCard();
  const key = await card.createKey({ container: 'EC', algorithm }, { pin });
  expect(key.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve });
  const data = randomBytes(1000);
  for (const hash of hashes) {
    const signature = await key.sign(`ECDSA-${hash}`, data, { pin });
    expect(verify(hash, data, key.publicKey, signature)).toBe(true);
    const digest = createHash(hash).update(data).digest();
    const options = { pin, dsaEncoding: 'ieee-p1363' } as const;
    const raw = await key.signDigest(`ECDSA-${hash}`, digest, options);
    const verifier = { key: key.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    expect(verify(hash, data, verifier, raw)).toBe(true);
  }
});

test('containers are made, listed, made the default one and deleted, each by its name', async () => {
  const { card, pin } = await newCard();
  const [first, second] = [
    await card.createKey({ container: 'First key', algorithm: 'EC-P256' }, { pin }),
    await card.createKey({ container: 'Zweiter Schlüssel', algorithm: 'RSA-2048' }, { pin }),
  ];
  await expectError(
    card.createKey({ container: 'First key', algorithm: 'EC-P256' }, { pin }),
    'ERR_CONTAINER_EXISTS',
  );
  expect(await card.containers()).toMatchObject([
    { name: 'First key', isDefault: true, algorithm: 'EC-P256', hasCertificate: false },
    { name: 'Zweiter Schlüssel', isDefault: false, algorithm: 'RSA-2048', keySpec: 'keyExchange' },
  ]);
  await first.delete({ pin });
  await expectError(first.sign('ECDSA-SHA256', randomBytes(9), { pin }), 'ERR_CONTAINER_NOT_FOUND');
  expect((await card.containers()).map(({ name }) => name)).toEqual([second.container]);
  const data = randomBytes(64);
  const signature = await second.sign('RSA-SHA256', data, { pin });
  expect(verify('sha256', data, second.publicKey, signature)).toBe(true);
});

test('a key is attested by its TPM, or the call says why not', async () => {
  const { card, pin } = await newCard();
  const key = await card.createKey({ container: 'Key', algorithm: 'EC-P256' }, { pin });
  const nonce = randomBytes(32);
  const attesting = key.attest({ nonce, pin });
  if (process.platform === 'win32') {
    const { message } = await expectError(attesting, 'ERR_NOT_SUPPORTED');
    expect(message).toContain('`attestation`');
    return;
  }
  const { publicKey, proves } = verifyAttestation(await attesting, { nonce });
  expect(publicKey.equals(key.publicKey)).toBe(true);
  expect(proves).toEqual(['signed']);
  const wrong = { nonce: nonce.subarray(0, 15), pin: otherPin(pin) };
  await expectError(key.attest(wrong), 'ERR_INVALID_ARGUMENT', { parameter: 'nonce' });
  await expectError(key.attest({ nonce }), 'ERR_PIN_REQUIRED');
  expect((await card.pinTries()).left).toBe(5);
});

test('a key needs the PIN; a container that is not there costs no try', async () => {
  const { card, pin } = await newCard();
  const key = await card.createKey({ container: 'Key', algorithm: 'EC-P256' }, { pin });
  const data = randomBytes(20);
  await expectError(key.sign('ECDSA-SHA256', data), 'ERR_PIN_REQUIRED');
  await expectError(key.delete(), 'ERR_PIN_REQUIRED');
  await expectError(card.createKey({ algorithm: 'EC-P256' }), 'ERR_PIN_REQUIRED');
  const wrong = { pin: otherPin(pin) };
  const error = await expectError(key.sign('ECDSA-SHA256', data, wrong), 'ERR_PIN_INCORRECT');
  expect(error.triesLeft).toBe(4);
  await key.delete({ pin });
  await expectError(key.sign('ECDSA-SHA256', data, wrong), 'ERR_CONTAINER_NOT_FOUND');
  expect(await card.info()).toMatchObject({ pinTriesLeft: 5, containerCount: 0 });
});

test('a log-in serves until the log-out, on its own object alone', async () => {
  const { manager, card, pin } = await newCard();
  const other = await manager.card(card.instanceId);
  await card.verifyPin(pin);
  const key = await card.createKey({ container: 'Key', algorithm: 'EC-P256' });
  await key.sign('ECDSA-SHA256', randomBytes(20));
  await expectError(
    (await other.key('Key')).sign('ECDSA-SHA256', randomBytes(20)),
    'ERR_PIN_REQUIRED',
  );
  await card.logout();
  await expectError(key.sign('ECDSA-SHA256', randomBytes(20)), 'ERR_PIN_REQUIRED');
});
