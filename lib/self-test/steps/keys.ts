import { constants, publicEncrypt, randomBytes, verify } from 'node:crypto';
import type { DecryptionAlgorithm, SignatureAlgorithm } from '../../algorithms.js';
import type { KeyAlgorithm } from '../../backend/backend.js';
import type { VirtualSmartCardKey } from '../../key.js';
import type { Bench } from '../bench.js';
import { expectEqual, expectThat } from '../failure.js';
import type { Step } from '../step.js';
import type { TestCard } from '../test-card.js';

/** The container of the key that later steps use as well. */
export const RSA_CONTAINER = containerOf('RSA-2048');

/** RSA-2048 is what every card has; the rest is as the TPM and Windows have it. */
const KEYS: readonly KeyAlgorithm[] = ['RSA-2048', 'EC-P256', 'EC-P384', 'RSA-3072'];

const SIGNATURES: readonly [KeyAlgorithm, SignatureAlgorithm][] = [
  ['RSA-2048', 'RSA-SHA256'],
  ['RSA-2048', 'RSA-PSS-SHA256'],
  ['EC-P256', 'ECDSA-SHA256'],
  ['EC-P384', 'ECDSA-SHA384'],
  ['RSA-3072', 'RSA-SHA256'],
];

const DECRYPTIONS: readonly DecryptionAlgorithm[] = [
  'RSA-PKCS1',
  'RSA-OAEP-SHA1',
  'RSA-OAEP-SHA256',
];

/** What a card without these would be no card for. */
const REQUIRED = new Set<string>(['RSA-2048', 'RSA-SHA256', 'RSA-PKCS1']);

/** Keys of each kind, and what they can do. */
export function keySteps({ card }: Bench): Step[] {
  return [
    ...KEYS.flatMap((algorithm) => [
      createKey(card, algorithm),
      ...SIGNATURES.filter(([key]) => key === algorithm).map(([, name]) =>
        sign(card, algorithm, name),
      ),
    ]),
    ...DECRYPTIONS.map((algorithm) => decrypt(card, algorithm)),
  ];
}

/** Signs by the card's key, and has node:crypto verify it. */
export async function expectSignature(
  key: VirtualSmartCardKey,
  algorithm: SignatureAlgorithm,
  pin: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const data = randomBytes(100);
  const signature = await key.sign(algorithm, data, { pin, signal });
  const hash = algorithm.slice(algorithm.lastIndexOf('-') + 1).toLowerCase();
  const pss = {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  };
  const options = algorithm.startsWith('RSA-PSS') ? pss : {};
  const isValid = verify(hash, data, { key: key.publicKey, ...options }, signature);
  expectThat(isValid, `node:crypto takes the ${algorithm} signature for wrong.`);
}

function createKey(card: TestCard, algorithm: KeyAlgorithm): Step {
  return {
    name: `key-${algorithm.toLowerCase()}`,
    title: `a key of the kind ${algorithm} is made on the card`,
    needs: ['create'],
    optional: !REQUIRED.has(algorithm),
    async run(signal) {
      const container = containerOf(algorithm);
      const { pin } = card;
      const key = await card.opened.createKey({ container, algorithm }, { pin, signal });
      expectEqual('the kind of key', key.algorithm, algorithm);
      expectEqual('its container', key.container, container);
      const { asymmetricKeyType = 'none', asymmetricKeyDetails } = key.publicKey;
      const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
      return {
        keySpec: key.keySpec,
        asymmetricKeyType,
        parameter: modulusLength ?? namedCurve ?? '',
      };
    },
  };
}

function sign(card: TestCard, key: KeyAlgorithm, algorithm: SignatureAlgorithm): Step {
  return {
    name: `sign-${key.toLowerCase()}-${schemeOf(algorithm)}`,
    title: `it signs by ${algorithm}, and node:crypto verifies it`,
    needs: [`key-${key.toLowerCase()}`],
    optional: !REQUIRED.has(algorithm),
    async run(signal) {
      await expectSignature(await card.opened.key(containerOf(key)), algorithm, card.pin, signal);
      return undefined;
    },
  };
}

function decrypt(card: TestCard, algorithm: DecryptionAlgorithm): Step {
  return {
    name: `decrypt-${algorithm.replace('RSA-', '').toLowerCase()}`,
    title: `the RSA-2048 key decrypts what node:crypto encrypted by ${algorithm}`,
    needs: ['key-rsa-2048'],
    optional: !REQUIRED.has(algorithm),
    async run(signal) {
      const key = await card.opened.key(RSA_CONTAINER);
      const plaintext = randomBytes(32);
      const oaepHash = algorithm.replace('RSA-OAEP-', '').toLowerCase();
      const padding =
        algorithm === 'RSA-PKCS1'
          ? { padding: constants.RSA_PKCS1_PADDING }
          : { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
      const ciphertext = publicEncrypt({ key: key.publicKey, ...padding }, plaintext);
      const decrypted = await key.decrypt(algorithm, ciphertext, { pin: card.pin, signal });
      expectThat(plaintext.equals(decrypted), 'It decrypted to something else.');
      return undefined;
    },
  };
}

function schemeOf(algorithm: SignatureAlgorithm): string {
  if (algorithm.startsWith('ECDSA')) return 'ecdsa';
  return algorithm.startsWith('RSA-PSS') ? 'pss' : 'pkcs1';
}

function containerOf(algorithm: KeyAlgorithm): string {
  return `self-test ${algorithm}`;
}
