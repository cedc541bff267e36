import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { makeCredential, VirtualSmartCardManager, verifyAttestation } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { ServeProcess } from '../support/serve-process.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

it('a store that another process serves attests its keys, for several clients at once', async () => {
  const stateDirectory = await temporaryDirectory();
  const service = await ServeProcess.start(stateDirectory);
  const [first, second] = [await openManager(stateDirectory), await openManager(stateDirectory)];
  const options = cardOptions();
  const { pin } = options;
  const card = await first.create(options);
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  const others = await second.card(card.instanceId);
  const nonces = Array.from({ length: 6 }, () => randomBytes(32));
  const statements = await Promise.all(
    nonces.map(async (nonce, at) => {
      const asked = at % 2 === 0 ? key : await others.key();
      return asked.attest({ nonce, pin });
    }),
  );
  for (const [at, nonce] of nonces.entries()) {
    const statement = statements[at];
    if (!statement) throw new Error('no statement');
    const { publicKey } = verifyAttestation(statement, { nonce });
    expect(publicKey.equals(key.publicKey)).toBe(true);
    const { challenge, expected } = makeCredential(statement);
    const answer = await (at % 2 === 0 ? second : first).activateCredential(challenge);
    const activation = { expected, answer };
    const { findings } = verifyAttestation(statement, { nonce, activation });
    expect(findings.map(({ code }) => code)).toEqual(['noCertificate', 'pinNotShown']);
  }

  // What is not for this TPM is refused in the service's own words, and does it no harm.
  const [statement] = statements;
  if (!statement) throw new Error('no statement');
  const { challenge } = makeCredential(statement);
  const credentialBlob = randomBytes(68).toString('base64');
  const broken = { ...challenge, credentialBlob };
  await expectError(first.activateCredential(broken), 'ERR_ATTESTATION');
  const withoutSecret = { ...challenge, encryptedSecret: '' };
  await expectError(first.activateCredential(withoutSecret), 'ERR_ATTESTATION');
  await second.activateCredential(challenge);

  // The keys of the endorsement hierarchy are the same ones after a restart.
  await first.close();
  await second.close();
  expect(await service.stop()).toBe(0);
  const manager = await VirtualSmartCardManager.open({ backend: 'embedded', stateDirectory });
  try {
    const again = await (await manager.card()).key();
    const nonce = randomBytes(32);
    const later = await again.attest({ nonce, pin });
    expect(later.attestationKey).toBe(statement.attestationKey);
    expect(later.endorsementKey).toBe(statement.endorsementKey);
    expect(later.key).toBe(statement.key);
  } finally {
    await manager.close();
  }
});
