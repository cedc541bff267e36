import { createHash, generateKeyPairSync, publicEncrypt } from 'node:crypto';
import type { GidsCardConnection } from '../../lib/gids/card-connection.js';
import { publicKeyObject } from '../../lib/public-key.js';
import { expectError } from '../support/expect-error.js';
import { certificateFor, RecordingChannel } from '../support/gids-card.js';
import { clientOf } from './client-of.js';
import { MemoryTarget } from './memory-target.js';
import { RECORDED } from './recorded-secrets.js';
import { respondTo } from './secrets.js';

type Step = (connection: GidsCardConnection) => Promise<unknown>;

const digest = createHash('sha256').update('recorded').digest();
const hash = 'SHA256';
const pin = { pin: RECORDED.pin };
const respond = async (challenge: Uint8Array) => respondTo(challenge, RECORDED.adminKey);
const signature = { keySpec: 'signature' } as const;
const keyExchange = { keySpec: 'keyExchange' } as const;

function pkcs8(type: 'ec' | 'rsa'): Buffer {
  const pair =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 1024 });
  return pair.privateKey.export({ format: 'der', type: 'pkcs8' });
}

/** A card's life, as this library's client sees to it. */
const LIFE: readonly Step[] = [
  (card) => card.createContainer({ name: 'A', algorithm: 'RSA-1024', ...keyExchange }, pin),
  (card) => card.createContainer({ name: 'B', algorithm: 'EC-P256', ...signature }, pin),
  (card) => card.importContainer({ name: 'C', privateKey: pkcs8('ec'), ...signature }, pin),
  (card) => card.importContainer({ name: 'D', privateKey: pkcs8('rsa'), ...keyExchange }, pin),
  (card) => card.containers(),
  async (card) => {
    const certificate = certificateFor(await card.publicKey('A'), 'A');
    await card.storeCertificate('A', certificate, pin);
  },
  (card) => card.certificate('A'),
  (card) => card.signDigest('A', { type: 'pss', hash }, digest, pin),
  (card) => card.signDigest('A', { type: 'pkcs1', hash }, digest, pin),
  (card) => card.signDigest('B', { type: 'ecdsa', hash }, digest, pin),
  async (card) => {
    const key = publicKeyObject(await card.publicKey('A'));
    await card.decrypt('A', { type: 'oaep', hash: 'SHA1' }, publicEncrypt(key, digest), pin);
  },
  // The recorded card has no TPM; others take the same command.
  (card) => expectError(card.attest('B', digest, pin), 'ERR_NOT_SUPPORTED'),
  (card) => card.setDefaultContainer('B', pin),
  (card) => card.pinTries(),
  (card) => card.asAdmin(respond, { authenticateOnly: true }),
  (card) => card.asAdmin(respond, { setAdminKey: RECORDED.adminKey }),
  (card) => card.asAdmin(respond, { resetPin: RECORDED.pin }),
  (card) => card.deleteCertificate('A', pin),
  (card) => card.deleteContainer('A', pin),
  (card) => card.changePin(RECORDED.pin, RECORDED.newPin),
];

/** The APDUs of each step, recorded by a channel that keeps them. */
export async function recordClient(): Promise<Buffer[][]> {
  const withoutPuk = await record({ ...RECORDED, puk: undefined }, LIFE);
  const withPuk = await record(RECORDED, [
    (card) => card.unblockWithPuk(RECORDED.puk, RECORDED.newPin),
  ]);
  return [...withoutPuk, ...withPuk];
}

async function record(
  secrets: ConstructorParameters<typeof MemoryTarget>[0],
  steps: readonly Step[],
): Promise<Buffer[][]> {
  const channel = await new MemoryTarget(secrets).connect();
  const sequences: Buffer[][] = [];
  for (const step of steps) {
    const recorder = new RecordingChannel(channel);
    const connection = clientOf(recorder);
    await step(connection);
    sequences.push(recorder.commands.map((command) => Buffer.from(command, 'hex')));
    await channel.reset();
  }
  return sequences;
}
