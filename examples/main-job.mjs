// The main job, from nothing to nothing, as a program that uses this library would write it: make a
// card, enroll a certificate, sign with the PIN, let OpenSSL judge the result, mistype the PIN, list
// the card, destroy it. `npm start` runs it. It works in a folder of its own, which it removes, and
// leaves your own cards alone.
import { execFile } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AdminKey, VirtualSmartCardError, VirtualSmartCardManager } from 'virtual-smartcard';

const folder = await mkdtemp(join(tmpdir(), 'virtual-smartcard-example-'));
try {
  await mainJob();
  console.log('\nDone: every step worked.');
} catch (error) {
  console.error(`\nFailed: ${error.message}`);
  if (VirtualSmartCardError.is(error)) console.error(JSON.stringify(error, undefined, 2));
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function mainJob() {
  const manager = await step('Open a store with a TPM of its own', () =>
    VirtualSmartCardManager.open({
      backend: 'embedded',
      stateDirectory: join(folder, 'store'),
      tpm: 'libtpms',
    }),
  );
  try {
    const tpm = await manager.tpmStatus();
    fact(`TPM 2.0 by ${tpm.manufacturer}, firmware ${tpm.firmwareVersion}, kind: ${tpm.kind}`);
    fact('A software TPM: whoever reads its files can try PINs on a copy. Good for tests and');
    fact('development; to protect keys, use a TPM chip (tpm: "device:/dev/tpmrm0").');
    await useCard(manager);
  } finally {
    await manager.close();
  }
}

async function useCard(manager) {
  const pin = randomDigits(8);
  const card = await step('Create a card', () =>
    manager.create({
      name: 'Main job',
      pin,
      adminKey: AdminKey.random(),
      generate: true,
      pinPolicy: { minLength: 4, uppercase: 'allowed', lowercase: 'allowed' },
      onProgress: ({ message }) => fact(message),
    }),
  );
  fact(`${card.instanceId}, PIN ${pin} (random, for this demonstration only)`);

  const inf = await readFile(new URL('request.inf', import.meta.url), 'utf8');
  const certificate = await step('Enroll a self-signed certificate from request.inf', () =>
    card.enroll(inf, { pin }),
  );
  await inspect(certificate);
  await signAndVerify(certificate.key, pin);
  await mistypePin(card, pin);

  await step('List the cards', async () => fact(await listing(manager)));
  await step('Destroy the card', () =>
    manager.destroy(card.instanceId, { onProgress: ({ message }) => fact(message) }),
  );
  await step('List the cards again', async () => fact(await listing(manager)));
}

async function inspect(certificate) {
  const pem = inFolder('certificate.pem');
  await writeFile(pem, certificate.pem);
  await step('Let OpenSSL verify the certificate', async () => {
    const shown = ['-subject', '-enddate', '-ext', 'keyUsage'];
    fact(await openssl('x509', '-in', pem, '-noout', ...shown));
    fact(await openssl('verify', '-check_ss_sig', '-CAfile', pem, pem));
  });
}

async function signAndVerify(key, pin) {
  const data = randomBytes(1024);
  const signature = await step('Sign 1024 random bytes with RSA-SHA256 and the PIN', () =>
    key.sign('RSA-SHA256', data, { pin }),
  );
  fact(`signature: ${signature.length} bytes`);

  await writeFile(inFolder('data'), data);
  await writeFile(inFolder('signature'), signature);
  await step('Let OpenSSL verify the signature', async () => {
    const publicKey = inFolder('public.pem');
    await openssl(
      'x509',
      '-in',
      inFolder('certificate.pem'),
      '-noout',
      '-pubkey',
      '-out',
      publicKey,
    );
    const against = ['-verify', publicKey, '-signature', inFolder('signature')];
    fact(await openssl('dgst', '-sha256', ...against, inFolder('data')));
  });
}

async function mistypePin(card, pin) {
  await step('Give a wrong PIN', async () => {
    const wrong = pin.replace(/.$/, (last) => String((Number(last) + 1) % 10));
    try {
      await card.verifyPin(wrong);
    } catch (error) {
      if (!VirtualSmartCardError.is(error, 'ERR_PIN_INCORRECT')) throw error;
      fact(`${error.code}, tries left: ${error.triesLeft}`);
      return;
    }
    throw new Error('The card took a wrong PIN.');
  });
  await step('Give the right PIN, which resets the count', async () => {
    await card.verifyPin(pin);
    fact(`tries left: ${(await card.info()).pinTriesLeft}`);
  });
}

async function listing(manager) {
  const cards = await manager.list();
  if (cards.length === 0) return 'no card';
  return cards.map((card) => `${card.instanceId}  "${card.name}"  ${card.state}`).join('\n');
}

/** Runs a step and says what it was and how long it took. */
async function step(title, work) {
  console.log(`\n${title}`);
  const start = performance.now();
  const result = await work();
  console.log(`  (${(performance.now() - start).toFixed(1)} ms)`);
  return result;
}

function fact(text) {
  for (const line of text.trim().split('\n')) console.log(`  ${line.trim()}`);
}

/** Runs the OpenSSL program and gives what it printed; fails when it is not content. */
async function openssl(...args) {
  const { stdout } = await promisify(execFile)('openssl', args);
  return stdout;
}

function inFolder(name) {
  return join(folder, name);
}

function randomDigits(length) {
  return Array.from({ length }, () => randomInt(10)).join('');
}
