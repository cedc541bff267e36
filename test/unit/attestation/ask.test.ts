import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { answerChallenge, attestContainer } from '../../../lib/attestation/ask.js';
import type { Backend, CardConnection } from '../../../lib/backend/backend.js';
import { makeCredential } from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { forgedStatement } from './support/forgery.js';

const nonce = randomBytes(32);

test('a backend without attestation says what can do it', async () => {
  const backend = { kind: 'pcsc' } as Backend;
  const { challenge } = makeCredential(forgedStatement(nonce));
  const refused = await expectError(answerChallenge(backend, challenge), 'ERR_NOT_SUPPORTED');
  expect(refused.message).toContain('embedded backend');
  const attesting = attestContainer({} as CardConnection, 'vpn', { nonce });
  const { message } = await expectError(attesting, 'ERR_NOT_SUPPORTED');
  expect(message).toContain('embedded backend');
});

test.each([
  [undefined, 'options'],
  [{}, 'nonce'],
  [{ nonce: 'text' }, 'nonce'],
  [{ nonce: nonce.subarray(0, 15) }, 'nonce'],
  [{ nonce: Buffer.alloc(65) }, 'nonce'],
  [{ nonce, pim: '1234' }, 'options'],
  [{ nonce, pin: '1' }, 'pin'],
])('options %j of attest are refused', async (options, parameter) => {
  const attesting = attestContainer({} as CardConnection, 'vpn', options as never);
  await expectError(attesting, 'ERR_INVALID_ARGUMENT', { parameter });
});

test.each([
  [undefined, 'challenge'],
  [{ version: 2 }, 'challenge.version'],
  [{ endorsementKeyType: 'EC-P384' }, 'challenge.endorsementKeyType'],
  [{ credentialBlob: '=' }, 'challenge.credentialBlob'],
  [{ credentialBlob: 'A'.repeat(3000) }, 'challenge.credentialBlob'],
  [{ encryptedSecret: 7 }, 'challenge.encryptedSecret'],
  [{ more: 1 }, 'challenge'],
])('a challenge with %j is refused', async (changes, parameter) => {
  const { challenge } = makeCredential(forgedStatement(nonce));
  const shown = changes && { ...challenge, ...changes };
  const answering = answerChallenge({ kind: 'embedded' } as Backend, shown);
  await expectError(answering, 'ERR_INVALID_ARGUMENT', { parameter });
});
