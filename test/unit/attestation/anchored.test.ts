import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import {
  type AttestationStatement,
  makeCredential,
  type VirtualSmartCardManager,
  verifyAttestation,
} from '../../../lib/index.js';
import { EndorsementAuthority } from '../../support/endorsement-authority.js';
import { expectError } from '../../support/expect-error.js';
import { cardOptions, openManager, temporaryDirectory } from '../../support/store.js';
import { Swtpm } from '../../support/swtpm.js';

type Provision = Parameters<EndorsementAuthority['provision']>[2];

/** A TPM with a certificate, and a statement of a key in it. */
async function attested(
  authority: EndorsementAuthority,
  type: 'rsa' | 'ecc',
  options?: Provision,
): Promise<{
  manager: VirtualSmartCardManager;
  statement: AttestationStatement;
  nonce: Buffer;
  again: (nonce: Buffer) => Promise<AttestationStatement>;
}> {
  const swtpm = await Swtpm.start();
  onTestFinished(() => swtpm.remove());
  await authority.provision(swtpm, type, options);
  const manager = await openManager(await temporaryDirectory(), swtpm.address);
  const card = cardOptions();
  const { pin } = card;
  const key = await (await manager.create(card)).createKey({ algorithm: 'EC-P256' }, { pin });
  const again = (nonce: Buffer) => key.attest({ nonce, pin });
  const nonce = randomBytes(32);
  return { manager, statement: await again(nonce), nonce, again };
}

async function activate(manager: VirtualSmartCardManager, statement: AttestationStatement) {
  const { challenge, expected } = makeCredential(statement);
  return { expected, answer: await manager.activateCredential(challenge) };
}

test.each(['rsa', 'ecc'] as const)('a TPM with an %s certificate is anchored', async (type) => {
  const authority = await EndorsementAuthority.create();
  const root = await authority.root();
  const { manager, statement, nonce, again } = await attested(authority, type);
  expect(statement.certificates).toHaveLength(2);
  const unasked = verifyAttestation(statement, { nonce, endorsementRoots: [root] });
  expect(unasked.level).toBe('unanchored');
  expect(unasked.findings.map(({ code }) => code)).toEqual(['notActivated', 'pinNotShown']);

  const activation = await activate(manager, statement);
  const options = { nonce, endorsementRoots: [root], activation };
  const report = verifyAttestation(statement, options);
  expect(report.level).toBe('anchored');
  expect(report.proves).toEqual(['signed', 'genuineTpm', 'authorized', 'inTpm', 'bornInTpm']);
  expect(report.findings.map(({ code }) => code)).toEqual(['pinNotShown']);
  expect(report.chain?.map(({ subject }) => subject)).toEqual([
    'CN=TPM',
    'CN=Maker Issuer',
    'CN=Maker Root',
  ]);

  // Once is enough: the attestation key is known from now on.
  const next = randomBytes(16);
  const knownAttestationKeys = [report.attestationKeyName];
  const later = verifyAttestation(await again(next), { nonce: next, knownAttestationKeys });
  expect(later.level).toBe('anchored');
});

test('an activation is for the keys of its statement alone', async () => {
  const authority = await EndorsementAuthority.create();
  const root = await authority.root();
  const ours = await attested(authority, 'ecc');
  const theirs = await attested(authority, 'ecc');
  const activation = await activate(theirs.manager, theirs.statement);
  const { statement, nonce } = ours;
  const verify = async (changes: object) =>
    verifyAttestation(statement, { nonce, endorsementRoots: [root], activation, ...changes });
  await expectError(verify({}), 'ERR_ATTESTATION');
  const own = await activate(ours.manager, statement);
  const wrong = { ...own, answer: Buffer.from(own.answer) };
  wrong.answer[0] = (wrong.answer[0] ?? 0) ^ 1;
  await expectError(verify({ activation: wrong }), 'ERR_ATTESTATION');
  // The other TPM does not read the challenge, and says so.
  const { challenge } = makeCredential(statement);
  await expectError(theirs.manager.activateCredential(challenge), 'ERR_ATTESTATION');
  // A genuine certificate beside a key of another TPM: it is for another endorsement key.
  const { certificates } = theirs.statement;
  const mixed = async () => verifyAttestation({ ...statement, certificates }, { nonce });
  await expectError(mixed(), 'ERR_ATTESTATION');
  // The other TPM's endorsement key and certificate: the challenge goes to where the key is not.
  const stolen = { ...statement, certificates, endorsementKey: theirs.statement.endorsementKey };
  const forged = makeCredential(stolen);
  await expectError(theirs.manager.activateCredential(forged.challenge), 'ERR_ATTESTATION');
  await expectError(ours.manager.activateCredential(forged.challenge), 'ERR_ATTESTATION');
});

test('a certificate that does not lead to a trusted root anchors nothing', async () => {
  const authority = await EndorsementAuthority.create();
  const other = await EndorsementAuthority.create();
  const { manager, statement, nonce } = await attested(authority, 'ecc');
  const activation = await activate(manager, statement);
  const root = await authority.root();
  const check = (changes: object, shown = statement) =>
    verifyAttestation(shown, { nonce, endorsementRoots: [root], activation, ...changes });
  const codes = (changes: object, shown?: AttestationStatement) =>
    check(changes, shown).findings.map(({ code }) => code);

  expect(codes({})).toEqual(['pinNotShown']);
  // A root of the same name, but another key.
  expect(codes({ endorsementRoots: [await other.root()] })).toEqual(['untrusted', 'pinNotShown']);
  expect(codes({ endorsementRoots: [] })).toEqual(['untrusted', 'pinNotShown']);
  expect(codes({ endorsementRoots: undefined })).toEqual(['noRoots', 'pinNotShown']);
  const year = 365 * 24 * 60 * 60 * 1000;
  for (const time of [new Date(Date.now() - year), new Date(Date.now() + year)]) {
    expect(codes({ time })).toEqual(['untrusted', 'pinNotShown']);
  }
  const bare = { ...statement, certificates: statement.certificates.slice(0, 1) };
  expect(codes({}, bare)).toEqual(['untrusted', 'pinNotShown']);
  const none = { ...statement, certificates: [] };
  expect(codes({}, none)).toEqual(['noCertificate', 'pinNotShown']);
});

test('a certificate for another purpose anchors nothing', async () => {
  const authority = await EndorsementAuthority.create();
  const extensions = 'extendedKeyUsage=clientAuth';
  const { manager, statement, nonce } = await attested(authority, 'ecc', { extensions });
  const activation = await activate(manager, statement);
  const endorsementRoots = [await authority.root()];
  const { level, findings } = verifyAttestation(statement, { nonce, endorsementRoots, activation });
  expect(level).toBe('unanchored');
  expect(findings[0]?.message).toContain('2.23.133.8.1');
});
