// `npm run bench:interop`: cards in pcscd against a card in C++, and signatures against tpm2-pkcs11 on the
// same swtpm. `npm run bench:interop -- 100` for fewer pairs. As root, without another pcscd.
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminKey, VirtualSmartCardManager } from '../../dist/index.js';
import { measurePairs, timed } from '../pairs.mjs';
import { line } from '../report.mjs';
import { benchApdu } from './apdu.mjs';
import { startPcscd } from './pcscd.mjs';
import { makeBareKeys, makeToken, SigningProgram } from './pkcs11.mjs';
import { buildPrograms } from './programs.mjs';
import { startSharedTpm } from './shared-tpm.mjs';

const OPENSC = 'opensc-pkcs11.so';
const TPM2_PKCS11 = 'libtpm2_pkcs11.so.1';
const pin = '12345678';
const pairs = Number(process.argv[2] ?? 500);
/** Signatures of each side before it counts as warm: V8 has compiled ours by then. */
const WARM_UP = 3000;

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores\n`,
);
const folder = await mkdtemp(join(tmpdir(), 'bench-interop-'));
const ends = [() => rm(folder, { recursive: true })];
try {
  await bench();
} finally {
  for (const end of ends.reverse()) await end();
}

async function bench() {
  const programs = buildPrograms(folder);
  const pcscd = await startPcscd(folder);
  ends.push(() => pcscd.stop());
  const tpm = await startSharedTpm({ programs, folder });
  ends.push(() => tpm.stop());
  const env = await makeToken({ folder, tpm, pin });
  const bareKeys = await makeBareKeys({ folder, tpm });
  const stateDirectory = join(folder, 'store');
  const options = { backend: 'embedded', stateDirectory, tpm: tpm.address };
  const manager = await VirtualSmartCardManager.open(options);
  ends.push(() => manager.close());
  const card = await manager.create({ name: 'Bench', pin, adminKey: AdminKey.random() });
  await card.verifyPin(pin);
  const rsa = await card.createKey({ algorithm: 'RSA-2048' });
  const ec = await card.createKey({ algorithm: 'EC-P256' });
  const publication = await manager.publish({ directory: pcscd.directory });
  ends.push(() => publication.close());
  const reader = publication.readerOf(card.instanceId);

  const { directory } = pcscd;
  line(
    'APDU through pcscd / to a card in C++',
    await benchApdu({ programs, directory, reader, pairs }),
  );

  const signer = (module, type) =>
    SigningProgram.withModule({ program: programs.pkcs11_sign, module, type, pin, env });
  const digest = Buffer.alloc(32, 0xa7);
  const own = (key, algorithm) => () => timed(() => key.signDigest(algorithm, digest));
  const compare = async (name, ours, type, before = 1) => {
    // The TPM has three slots, of which both take one for the key and tpm2-pkcs11 one more to load it.
    await card.logout();
    await card.verifyPin(pin);
    const theirs = await signer(TPM2_PKCS11, type);
    try {
      await measurePairs(before, ours, () => theirs.sign());
      line(`${name} / tpm2-pkcs11`, await measurePairs(pairs, ours, () => theirs.sign()));
    } finally {
      await theirs.stop();
    }
  };
  const opensc = await signer(OPENSC, 'rsa');
  await compare('RSA-2048 through opensc-pkcs11', () => opensc.sign(), 'rsa');
  await opensc.stop();
  for (const [name, key, algorithm, type] of [
    ['RSA-2048', rsa, 'RSA-SHA256', 'rsa'],
    ['P-256', ec, 'ECDSA-SHA256', 'ec'],
  ]) {
    const ours = own(key, algorithm);
    await compare(`${name}, the first sign()s of the process`, ours, type);
    await compare(`${name}, sign() of a warm process`, ours, type, WARM_UP);
  }
  // What nobody can be faster than: the one command, in C++, without a session.
  for (const [name, type] of [
    ['RSA-2048', 'rsa'],
    ['P-256', 'ec'],
  ]) {
    const { tpm_sign: program } = programs;
    const bare = await SigningProgram.bare({
      program,
      port: tpm.port,
      handle: bareKeys[type],
      type,
    });
    await compare(`${name}, the bare TPM2_Sign`, () => bare.sign(), type);
    await bare.stop();
  }
}
