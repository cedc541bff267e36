import { randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeCredential, toCredential } from '../../../lib/attestation/credential.js';
import {
  decodeAttestation,
  encodeAttestation,
  fromStatement,
  toStatement,
} from '../../../lib/attestation/statement.js';
import { verifyAttestation } from '../../../lib/attestation/verify.js';
import { TPM_CC } from '../../../lib/tpm/constants.js';
import { Tpm } from '../../../lib/tpm/tpm.js';
import { openTransport } from '../../../lib/tpm/tpm-address.js';
import { expectError } from '../../support/expect-error.js';
import { Swtpm } from '../../support/swtpm.js';
import { Interposer } from '../tpm/support/interposer.js';

const NO_CURVE = Buffer.from('80010000000a000001e6', 'hex');

async function openInterposed(): Promise<{ tpm: Tpm; interposer: Interposer }> {
  const swtpm = await Swtpm.start();
  onTestFinished(() => swtpm.remove());
  const interposer = new Interposer(await openTransport(swtpm.address));
  const tpm = await Tpm.open(interposer);
  onTestFinished(() => tpm.close());
  return { tpm, interposer };
}

describe('a TPM', () => {
  test('without elliptic curves attests and activates with RSA keys', async () => {
    const { tpm, interposer } = await openInterposed();
    const authValue = randomBytes(32);
    const { wrapped } = await tpm.createKey('RSA-2048', authValue);
    interposer.alterResponse = (response, { code }) =>
      code === TPM_CC.TestParms ? NO_CURVE : response;
    const nonce = randomBytes(32);
    const statement = toStatement(await tpm.key(wrapped).attest(nonce, authValue));
    const { attestationKeyName } = verifyAttestation(statement, { nonce });
    const { challenge, expected } = makeCredential(statement);
    expect(challenge.endorsementKeyType).toBe('RSA-2048');
    const answer = await tpm.activateCredential(toCredential(challenge));
    const activation = { expected, answer };
    const knownAttestationKeys = [attestationKeyName];
    const report = verifyAttestation(statement, { nonce, activation, knownAttestationKeys });
    expect(report.proves).toContain('bornInTpm');
    const signature = Buffer.from(statement.signature, 'base64');
    for (let bit = 0; bit < 8 * signature.length; bit++) {
      const turned = Buffer.from(signature);
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const shown = { ...statement, signature: turned.toString('base64') };
      expect(() => verifyAttestation(shown, { nonce }), `bit ${bit}`).toThrow(/proves nothing/);
    }
  });

  test('attests no key whose authorisation is not shown', async () => {
    const { tpm } = await openInterposed();
    const { wrapped } = await tpm.createKey('EC-P256', randomBytes(32));
    const attesting = tpm.key(wrapped).attest(randomBytes(32), randomBytes(32));
    await expectError(attesting, 'ERR_TPM_COMMAND', { tpmCode: 0x9a2 });
  });

  test('gives out the secret of a challenge encrypted, and no attestation that was altered', async () => {
    const { tpm, interposer } = await openInterposed();
    const authValue = randomBytes(32);
    const { wrapped } = await tpm.createKey('EC-P256', authValue);
    const nonce = randomBytes(32);
    const attestation = await tpm.key(wrapped).attest(nonce, authValue);
    const { challenge, expected } = makeCredential(toStatement(attestation));
    const answer = await tpm.activateCredential(toCredential(challenge));
    expect(answer.toString('base64')).toBe(expected.secret);
    const traffic = Buffer.concat(interposer.responses);
    expect(traffic.includes(answer)).toBe(false);
    for (const { bytes } of interposer.commands) expect(bytes.includes(authValue)).toBe(false);

    interposer.alterResponse = (response, { code }) => {
      if (code === TPM_CC.Certify) response[60] = (response[60] ?? 0) ^ 1;
      return response;
    };
    await expectError(tpm.key(wrapped).attest(nonce, authValue), 'ERR_TPM_RESPONSE');
    interposer.alterResponse = (response) => response;
    verifyAttestation(toStatement(await tpm.key(wrapped).attest(nonce, authValue)), { nonce });
  });

  test('whose endorsement hierarchy has an authorisation says so', async () => {
    const { tpm, interposer } = await openInterposed();
    const authValue = randomBytes(32);
    const { wrapped } = await tpm.createKey('EC-P256', authValue);
    // TPM2_HierarchyChangeAuth of the endorsement hierarchy, from nothing to four bytes.
    const change = '800200000021000001294000000b000000094000000900000000000004deadbeef';
    const changed = await interposer.transmit(Buffer.from(change, 'hex'));
    expect(changed.readUInt32BE(6)).toBe(0);
    const attesting = tpm.key(wrapped).attest(randomBytes(32), authValue);
    const error = await expectError(attesting, 'ERR_TPM_AUTHORIZATION');
    expect(error.message).toContain('endorsement');
  });

  test('that was cleared has the same attestation key, and other cards', async () => {
    const { tpm, interposer } = await openInterposed();
    const authValue = randomBytes(32);
    const attestNew = async (opened: Tpm) => {
      const { wrapped } = await opened.createKey('EC-P256', authValue);
      return opened.key(wrapped).attest(randomBytes(32), authValue);
    };
    const before = await attestNew(tpm);
    await tpm.close();
    // TPM2_Clear by the lockout authorisation.
    const transport = await openTransport(interposer.address);
    const clear = Buffer.from('80020000001b000001264000000a00000009400000090000000000', 'hex');
    expect((await transport.transmit(clear)).readUInt32BE(6)).toBe(0);
    const cleared = await Tpm.open(transport);
    onTestFinished(() => cleared.close());
    const after = await attestNew(cleared);
    expect(after.attestationKey).toEqual(before.attestationKey);
    expect(after.endorsementKey).toEqual(before.endorsementKey);
    expect(after.parentName).not.toEqual(before.parentName);
  });

  test('has nothing of ours in its slots and NV afterwards', async () => {
    const { tpm, interposer } = await openInterposed();
    const authValue = randomBytes(32);
    const { wrapped } = await tpm.createKey('EC-P256', authValue);
    const key = tpm.key(wrapped);
    const before = await tpm.nvIndexes();
    const attestation = await key.attest(randomBytes(32), authValue);
    const { challenge } = makeCredential(toStatement(attestation));
    await tpm.activateCredential(toCredential(challenge));
    await key.release();
    expect(await tpm.nvIndexes()).toEqual(before);
    const writes = [TPM_CC.NV_Write, TPM_CC.NV_DefineSpace, TPM_CC.EvictControl];
    expect(interposer.commands.filter(({ code }) => writes.includes(code as never))).toEqual([]);
    // The storage parent and the shared session are all that is left.
    expect(await handles(interposer, 0x80000000)).toHaveLength(1);
    expect(await handles(interposer, 0x02000000)).toHaveLength(1);
    expect(await handles(interposer, 0x03000000)).toEqual([]);
  });
});

test('an attestation is the same in every form', async () => {
  const bytes = () => randomBytes(20);
  const attestation = {
    attested: bytes(),
    signature: bytes(),
    key: bytes(),
    parentName: bytes(),
    attestationKey: bytes(),
    endorsementKey: bytes(),
    certificates: [bytes(), bytes()],
  };
  expect(decodeAttestation(encodeAttestation(attestation))).toEqual(attestation);
  const text = JSON.stringify(toStatement(attestation));
  expect(fromStatement(JSON.parse(text))).toEqual(attestation);
});

/** TPM2_GetCapability of handles, from `first` on. */
async function handles(interposer: Interposer, first: number): Promise<number[]> {
  const command = Buffer.from('8001000000160000017a000000010000000000000010', 'hex');
  command.writeUInt32BE(first, 14);
  const response = await interposer.transmit(command);
  const count = response.readUInt32BE(15);
  return Array.from({ length: count }, (_, at) => response.readUInt32BE(19 + 4 * at));
}
