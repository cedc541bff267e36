import { test, expect } from 'vitest';
import { randomBytes, createPublicKey, verify, createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Swtpm } from '/work/main/test/support/swtpm.js';
import { Tpm } from '/work/main/lib/tpm/tpm.js';
import { openTransport } from '/work/main/lib/tpm/tpm-address.js';
import { nvName } from '/work/main/lib/tpm/name.js';
async function exercise(tpm: Tpm) {
  console.log(await tpm.status(), tpm.storageParentName.toString('hex'));
  for (const a of ['RSA-1024','RSA-2048','RSA-3072','EC-P256','EC-P384'] as const) console.log(a, await tpm.supportsAlgorithm(a));
  const A = randomBytes(32);
  const { wrapped, publicKey } = await tpm.createKey('EC-P256', A);
  const key = tpm.key(wrapped);
  const sig = await key.ecdsaSign(createHash('sha256').update('x').digest(), A);
  if (publicKey.type !== 'ec') throw 1;
  const pk = createPublicKey({ format: 'jwk', key: { kty:'EC', crv:'P-256', x: Buffer.from(publicKey.x).toString('base64url'), y: Buffer.from(publicKey.y).toString('base64url') } });
  expect(verify('sha256', Buffer.from('x'), { key: pk, dsaEncoding: 'ieee-p1363' }, sig)).toBe(true);
  const t0 = performance.now(); for (let i=0;i<500;i++) await key.ecdsaSign(randomBytes(32), A); console.log('sign ms', (performance.now()-t0)/500);
  const r = await tpm.createKey('RSA-2048', A);
  const out = await tpm.key(r.wrapped).rsaPrivate(Buffer.concat([Buffer.of(0), randomBytes(255)]), A);
  expect(out.length).toBe(256);
  const data = randomBytes(32);
  expect((await tpm.unseal(await tpm.seal({ data, authValue: A }), A)).equals(data)).toBe(true);
  const index = 0x01860123;
  const attributes = 0x80 | 2 | 1<<17 | 1<<18 | 1<<25;
  const pin = randomBytes(32);
  await Promise.all([tpm.nvDefine(index, { attributes, dataSize: 8, authValue: pin }), tpm.nvWrite(index, Buffer.from('0000000000000005','hex'))]);
  expect(await tpm.nvIndexes()).toContain(index);
  const name = nvName({ index, attributes: attributes | 1<<29, authPolicy: Buffer.alloc(0), dataSize: 8 });
  const sealed = await tpm.seal({ data, authValue: A, authPolicy: Tpm.pinPolicyDigest(name), dictionaryAttack: true, userWithAuth: false });
  expect((await tpm.unsealWithPolicy(sealed, { pinIndex: { index, name, authValue: pin }, authValue: A })).equals(data)).toBe(true);
  await expect(tpm.unsealWithPolicy(sealed, { pinIndex: { index, name, authValue: randomBytes(32) }, authValue: A })).rejects.toMatchObject({ tpmCode: 0x9a2 });
  console.log(await tpm.nvRead(index, 8));
  await tpm.nvUndefine(index);
  expect(await tpm.nvReadPublic(index)).toBe(undefined);
  await tpm.close();
}
test('swtpm', async () => {
  const s = await Swtpm.start();
  try { await exercise(await Tpm.open(await openTransport(s.address))); } finally { await s.remove(); }
});
test('libtpms', async () => {
  const d = await mkdtemp('/tmp/lt-');
  try { await exercise(await Tpm.open(await openTransport('libtpms', { tpmStateDirectory: d }))); } finally { await rm(d, {recursive: true}); }
});
