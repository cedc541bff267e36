import { randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeCredential, verifyAttestation } from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { cardOptions, openManager, otherPin, temporaryDirectory } from '../../support/store.js';
import { Swtpm } from '../../support/swtpm.js';

/** The address of a TPM of the test's own. */
const TPMS: Record<string, () => Promise<string>> = {
  libtpms: async () => 'libtpms',
  swtpm: async () => {
    const swtpm = await Swtpm.start();
    onTestFinished(() => swtpm.remove());
    return swtpm.address;
  },
};

describe.each(Object.keys(TPMS))('on %s', (name) => {
  const open = async () => {
    const tpm = await (TPMS[name] as () => Promise<string>)();
    return openManager(await temporaryDirectory(), tpm);
  };

  test('there is no container of an attestation key, and the error names key.attest', async () => {
    const manager = await open();
    const card = await manager.create(cardOptions());
    const error = await expectError(card.attestationKeyContainer(), 'ERR_NOT_SUPPORTED');
    expect(error.message).toContain('key.attest');
    const misspelt = card.attestationKeyContainer({ sginal: undefined } as object);
    await expectError(misspelt, 'ERR_INVALID_ARGUMENT');
    const signal = AbortSignal.abort();
    await expectError(card.attestationKeyContainer({ signal }), 'ERR_ABORTED');
  });

  test.each(['RSA-2048', 'EC-P256', 'EC-P384'] as const)(
    'a key of type %s is attested, and the TPM answers for it',
    async (algorithm) => {
      const manager = await open();
      const options = cardOptions();
      const card = await manager.create(options);
      const key = await card.createKey({ algorithm }, { pin: options.pin });
      const nonce = randomBytes(20);
      const statement = await key.attest({ nonce, pin: options.pin });
      const report = verifyAttestation(JSON.parse(JSON.stringify(statement)), { nonce });
      expect(report.level).toBe('unanchored');
      expect(report.proves).toEqual(['signed']);
      const codes = report.findings.map(({ code }) => code);
      expect(codes).toEqual(['noCertificate', 'notActivated', 'pinNotShown']);
      expect(report.publicKey.equals(key.publicKey)).toBe(true);

      const { challenge, expected } = makeCredential(statement);
      const answer = await manager.activateCredential(challenge);
      const activated = verifyAttestation(statement, { nonce, activation: { expected, answer } });
      expect(activated.findings.map(({ code }) => code)).toEqual(['noCertificate', 'pinNotShown']);
      expect(activated.level).toBe('unanchored');
    },
  );

  test('attestation takes the PIN, and disturbs no key that is in use', async () => {
    const manager = await open();
    const options = cardOptions();
    const card = await manager.create(options);
    const { pin } = options;
    const keys = [
      await card.createKey({ container: 'a', algorithm: 'EC-P256' }, { pin }),
      await card.createKey({ container: 'b', algorithm: 'EC-P256' }, { pin }),
      await card.createKey({ container: 'c', algorithm: 'EC-P256' }, { pin }),
    ] as const;
    const nonce = randomBytes(64);
    await expectError(keys[0].attest({ nonce }), 'ERR_PIN_REQUIRED');
    await expectError(keys[0].attest({ nonce, pin: otherPin(pin) }), 'ERR_PIN_INCORRECT');
    await card.verifyPin(pin);
    const work = keys.flatMap((key) => [
      key.attest({ nonce }),
      key.sign('ECDSA-SHA256', 'data'),
      key.attest({ nonce }),
    ]);
    await Promise.all(work);
    for (const key of keys) {
      const { publicKey } = verifyAttestation(await key.attest({ nonce }), { nonce });
      expect(publicKey.equals(key.publicKey)).toBe(true);
    }
  });

  test('a damaged challenge is refused, and the next one is answered', async () => {
    const manager = await open();
    const options = cardOptions();
    const { pin } = options;
    const card = await manager.create(options);
    const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
    const statement = await key.attest({ nonce: randomBytes(16), pin });
    const { challenge } = makeCredential(statement);
    for (const field of ['credentialBlob', 'encryptedSecret'] as const) {
      const bytes = Buffer.from(challenge[field], 'base64');
      for (const length of [0, 1, 2, 3, 40, 200, bytes.length]) {
        const damaged = Buffer.concat([randomBytes(length), bytes.subarray(length)]);
        const shown = { ...challenge, [field]: damaged.toString('base64') };
        if (length > 0) await expectError(manager.activateCredential(shown), 'ERR_ATTESTATION');
        const cut = { ...challenge, [field]: bytes.subarray(0, length).toString('base64') };
        if (length < bytes.length) {
          await expectError(manager.activateCredential(cut), 'ERR_ATTESTATION');
        }
      }
    }
    const other = { ...challenge, endorsementKeyType: 'RSA-2048' } as const;
    await expectError(manager.activateCredential(other), 'ERR_ATTESTATION');
    const wrong = { ...challenge, version: 2 } as unknown as typeof challenge;
    await expectError(manager.activateCredential(wrong), 'ERR_INVALID_ARGUMENT');
    expect(await manager.activateCredential(challenge)).toHaveLength(32);
  });

  test('an imported key is told from one that was made in the TPM', async () => {
    const manager = await open();
    const options = cardOptions({ allowKeyImport: true });
    const card = await manager.create(options);
    const { pin } = options;
    const { generateKeyPairSync } = await import('node:crypto');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = await card.importKey({ privateKey, container: 'imported' }, { pin });
    const nonce = randomBytes(32);
    const statement = await key.attest({ nonce, pin });
    const first = verifyAttestation(statement, { nonce });
    const known = verifyAttestation(statement, {
      nonce,
      knownAttestationKeys: [first.attestationKeyName],
    });
    expect(known.level).toBe('anchored');
    expect(known.proves).toEqual(['signed', 'genuineTpm', 'authorized']);
    const codes = known.findings.map(({ code }) => code);
    expect(codes).toEqual(['notBornInTpm', 'canLeaveTpm', 'pinNotShown']);
  });
});
