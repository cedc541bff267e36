import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseCertifyInfo } from '../../lib/attestation/certify-info.js';
import { parseAttestationKey, parseCardKey } from '../../lib/attestation/key-areas.js';
import { checkSignature } from '../../lib/attestation/signature.js';
import { checkNamesInside } from '../../lib/attestation/verify.js';
import { type AttestationStatement, makeCredential, verifyAttestation } from '../../lib/index.js';
import { EndorsementAuthority } from '../support/endorsement-authority.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';
import { Swtpm } from '../support/swtpm.js';

const run = promisify(execFile);
const nonce = randomBytes(32);

/** tpm2-tools' words for our attestation key. */
const ATTESTATION_KEY = [
  ...['-C', 'e', '-g', 'sha256', '-G', 'ecc256:ecdsa-sha256:null', '-c', 'ak.ctx'],
  ...['-a', 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign'],
];

/** A statement of ours; the TPM is then for tpm2-tools alone. */
async function attested(swtpm: Swtpm): Promise<{ statement: AttestationStatement; store: string }> {
  const store = await temporaryDirectory();
  const manager = await openManager(store, swtpm.address);
  const options = cardOptions();
  const { pin } = options;
  const key = await (await manager.create(options)).createKey({ algorithm: 'RSA-2048' }, { pin });
  const statement = await key.attest({ nonce, pin });
  await manager.close();
  return { statement, store };
}

async function freshSwtpm(): Promise<Swtpm> {
  const swtpm = await Swtpm.start();
  onTestFinished(() => swtpm.remove());
  return swtpm;
}

/** Writes the fields of a statement as files that tpm2-tools read. */
async function writeParts(swtpm: Swtpm, statement: AttestationStatement): Promise<void> {
  for (const name of [
    'attested',
    'signature',
    'key',
    'attestationKey',
    'endorsementKey',
  ] as const) {
    const bytes = Buffer.from(statement[name], 'base64');
    await writeFile(join(swtpm.directory, name), bytes);
    await writeFile(join(swtpm.directory, `${name}.tss`), tpm2b(bytes));
  }
}

function tpm2b(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

describe('a statement of ours', () => {
  test('is what tpm2-tools and OpenSSL take it for', async () => {
    const swtpm = await freshSwtpm();
    const { statement } = await attested(swtpm);
    await writeParts(swtpm, statement);
    const options = { cwd: swtpm.directory };

    // tpm2-tools and the TPM agree with the Name of the key, and with the signature.
    const external = ['-C', 'n', '-c', 'key.ctx', '-u', 'key.tss', '-n', 'key.name'];
    await swtpm.tool('tpm2_loadexternal', ...external);
    await swtpm.tool('tpm2_flushcontext', '-t');
    const name = (await swtpm.file('key.name')).toString('hex');
    // Magic and type, the nonce, and last the key's Name and its qualified Name (tpm2_print prints no other
    // kind than quotes).
    const attestedHex = (await swtpm.file('attested')).toString('hex');
    expect(attestedHex).toMatch(
      new RegExp(`^ff5443478017.*0020${nonce.toString('hex')}.*0022${name}0022000b.{64}$`),
    );
    const signer = ['-C', 'e', '-c', 'ak.ctx', '-u', 'attestationKey.tss', '-n', 'ak.name'];
    await swtpm.tool('tpm2_loadexternal', ...signer);
    const verify = ['-c', 'ak.ctx', '-g', 'sha256', '-m', 'attested', '-s', 'signature'];
    await swtpm.tool('tpm2_verifysignature', ...verify);
    await writeFile(join(swtpm.directory, 'altered'), randomBytes(100));
    const altered = verify.map((word) => (word === 'attested' ? 'altered' : word));
    await expect(swtpm.tool('tpm2_verifysignature', ...altered)).rejects.toThrow(
      /0x2DB|signature/i,
    );

    // So does OpenSSL, with the attestation key as tpm2-tools write it.
    const pem = ['-t', 'TPM2B_PUBLIC', '-f', 'pem', 'attestationKey.tss'];
    await writeFile(
      join(swtpm.directory, 'ak.pem'),
      (await run('tpm2_print', pem, options)).stdout,
    );
    await writeFile(join(swtpm.directory, 'signature.der'), derOf(await swtpm.file('signature')));
    const dgst = ['dgst', '-sha256', '-verify', 'ak.pem', '-signature', 'signature.der'];
    const { stdout } = await run('openssl', [...dgst, 'attested'], options);
    expect(stdout).toBe('Verified OK\n');
    await expect(run('openssl', [...dgst, 'altered'], options)).rejects.toThrow();
    const { attestationKeyName } = verifyAttestation(statement, { nonce });
    expect((await swtpm.file('ak.name')).toString('hex')).toBe(attestationKeyName);
  });

  test('has the keys that tpm2-tools make of the same templates', async () => {
    const swtpm = await freshSwtpm();
    const authority = await EndorsementAuthority.create();
    await authority.provision(swtpm, 'ecc');
    const { statement } = await attested(swtpm);
    await swtpm.tool('tpm2_createprimary', ...ATTESTATION_KEY);
    await swtpm.tool('tpm2_readpublic', '-c', 'ak.ctx', '-o', 'ak.tss');
    await swtpm.tool('tpm2_flushcontext', '-t');
    await swtpm.tool('tpm2_createek', '-G', 'ecc', '-c', 'ek.ctx', '-u', 'ek.tss');
    const [ak, ek] = [await swtpm.file('ak.tss'), await swtpm.file('ek.tss')];
    expect(ak.subarray(2).toString('base64')).toBe(statement.attestationKey);
    expect(ek.subarray(2).toString('base64')).toBe(statement.endorsementKey);

    // The certificate is the one that OpenSSL verifies.
    const [certificate = '', issuer = ''] = statement.certificates;
    for (const [file, der] of Object.entries({ certificate, issuer })) {
      const bytes = Buffer.from(der, 'base64');
      await writeFile(join(authority.directory, `${file}.der`), bytes);
      const words = ['-inform', 'der', '-in', `${file}.der`, '-out', `${file}.out.pem`];
      await authority.openssl('x509', ...words);
    }
    const chain = ['-CAfile', 'root.pem', '-untrusted', 'issuer.out.pem', 'certificate.out.pem'];
    expect(await authority.openssl('verify', ...chain)).toContain(': OK');
  });
});

describe.each(['rsa', 'ecc'] as const)('a credential for an %s endorsement key', (type) => {
  test('of ours is activated by tpm2-tools, and one of theirs by us', async () => {
    const swtpm = await freshSwtpm();
    const authority = await EndorsementAuthority.create();
    await authority.provision(swtpm, type);
    const { statement, store } = await attested(swtpm);
    await writeParts(swtpm, statement);

    // Ours, by theirs.
    const { challenge, expected } = makeCredential(statement);
    const blob = Buffer.from(challenge.credentialBlob, 'base64');
    const seed = Buffer.from(challenge.encryptedSecret, 'base64');
    const header = Buffer.from('badcc0de00000001', 'hex');
    const ours = Buffer.concat([header, tpm2b(blob), tpm2b(seed)]);
    await writeFile(join(swtpm.directory, 'ours.cred'), ours);
    await swtpm.tool('tpm2_createprimary', ...ATTESTATION_KEY);
    await swtpm.tool('tpm2_flushcontext', '-t');
    await swtpm.tool('tpm2_createek', '-G', type, '-c', 'ek.ctx', '-u', 'ek.tss');
    await swtpm.tool('tpm2_flushcontext', '-t');
    await swtpm.tool('tpm2_startauthsession', '--policy-session', '-S', 'session.ctx');
    await swtpm.tool('tpm2_policysecret', '-S', 'session.ctx', '-c', 'e');
    const activate = ['-c', 'ak.ctx', '-C', 'ek.ctx', '-i', 'ours.cred', '-o', 'ours.secret'];
    await swtpm.tool('tpm2_activatecredential', ...activate, '-P', 'session:session.ctx');
    const secret = await swtpm.file('ours.secret');
    expect(secret.toString('base64')).toBe(expected.secret);

    // Theirs, by ours; no TPM makes it.
    const theirSecret = randomBytes(24);
    await writeFile(join(swtpm.directory, 'theirs.secret'), theirSecret);
    const { attestationKeyName } = verifyAttestation(statement, { nonce });
    const make = ['-T', 'none', '-G', type, '-u', 'ek.pem', '-s', 'theirs.secret'];
    const words = [...make, '-n', attestationKeyName, '-o', 'theirs.cred'];
    await run('tpm2_makecredential', words, { cwd: swtpm.directory });
    const theirs = await swtpm.file('theirs.cred');
    const [credentialBlob, encryptedSecret] = twoSized(theirs.subarray(8));
    await swtpm.tool('tpm2_flushcontext', '-t');
    const manager = await openManager(store, swtpm.address);
    const answer = await manager.activateCredential({
      ...challenge,
      credentialBlob: credentialBlob.toString('base64'),
      encryptedSecret: encryptedSecret.toString('base64'),
    });
    expect(answer).toEqual(theirSecret);
  });
});

describe('what tpm2_certify makes', () => {
  test.each(['ecc', 'rsa'] as const)(
    'by an %s attestation key is what we take it for',
    async (type) => {
      const swtpm = await freshSwtpm();
      await swtpm.tool('tpm2_startup', '-c');
      const parent = ['-C', 'o', '-g', 'sha256', '-G', 'ecc', '-c', 'parent.ctx'];
      await swtpm.tool('tpm2_createprimary', ...parent);
      await swtpm.tool('tpm2_readpublic', '-c', 'parent.ctx', '-n', 'parent.name');
      await swtpm.tool('tpm2_flushcontext', '-t');
      const made = ['-C', 'parent.ctx', '-G', 'ecc', '-c', 'key.ctx', '-u', 'key.tss'];
      await swtpm.tool('tpm2_create', ...made);
      await swtpm.tool('tpm2_flushcontext', '-t');
      await swtpm.tool('tpm2_createek', '-G', 'ecc', '-c', 'ek.ctx', '-u', 'ek.tss');
      await swtpm.tool('tpm2_flushcontext', '-t');
      const rsa = ATTESTATION_KEY.map((word) =>
        word.startsWith('ecc256') ? 'rsa2048:rsassa-sha256:null' : word,
      );
      await swtpm.tool('tpm2_createprimary', ...(type === 'rsa' ? rsa : ATTESTATION_KEY));
      await swtpm.tool('tpm2_readpublic', '-c', 'ak.ctx', '-o', 'ak.tss');
      await swtpm.tool('tpm2_flushcontext', '-t');
      const certify = ['-c', 'key.ctx', '-C', 'ak.ctx', '-g', 'sha256', '-o', 'attested'];
      await swtpm.tool('tpm2_certify', ...certify, '-s', 'signature');

      // Its nonce is four bytes, always the same, so it is no statement; all but the nonce is checked.
      const attested = await swtpm.file('attested');
      const signer = parseAttestationKey((await swtpm.file('ak.tss')).subarray(2));
      const key = parseCardKey((await swtpm.file('key.tss')).subarray(2));
      checkSignature(attested, await swtpm.file('signature'), signer);
      const info = parseCertifyInfo(attested);
      checkNamesInside(info, key, await swtpm.file('parent.name'), signer);
      expect(info.extraData.length).toBe(4);
      attested[attested.length - 1] = (attested.at(-1) ?? 0) ^ 1;
      const signature = await swtpm.file('signature');
      expect(() => checkSignature(attested, signature, signer)).toThrow(/not that of/);
    },
  );
});

function twoSized(bytes: Buffer): [Buffer, Buffer] {
  const end = 2 + bytes.readUInt16BE(0);
  return [bytes.subarray(2, end), bytes.subarray(end + 2)];
}

/** TPMT_SIGNATURE of ECDSA as the DER that OpenSSL takes. */
function derOf(signature: Buffer): Buffer {
  const [r, s] = twoSized(signature.subarray(4));
  const integer = (bytes: Buffer) => Buffer.concat([Buffer.of(2, bytes.length + 1, 0), bytes]);
  const shortest = (bytes: Buffer) =>
    bytes[0] !== undefined && bytes[0] < 0x80
      ? Buffer.concat([Buffer.of(2, bytes.length), bytes])
      : integer(bytes);
  const body = Buffer.concat([shortest(r), shortest(s)]);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}
