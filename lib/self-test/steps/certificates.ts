import type { Bench } from '../bench.js';
import { expectEqual, expectThat } from '../failure.js';
import type { Step } from '../step.js';
import { expectSignature, RSA_CONTAINER } from './keys.js';

const SUBJECT = 'CN=virtual-smartcard self-test';

/** The lines that name Windows' two smart card providers, as certreq takes them. */
const PROVIDERS = {
  csp: 'ProviderName = "Microsoft Base Smart Card Crypto Provider"\nProviderType = 1',
  ksp: 'ProviderName = "Microsoft Smart Card Key Storage Provider"',
} as const;

/** Certificates, and how another connection sees what is on the card. */
export function certificateSteps(bench: Bench): Step[] {
  const { card, manager } = bench;
  return [
    enroll(bench, 'csp'),
    enroll(bench, 'ksp'),
    {
      name: 'second-connection',
      title: 'a second connection sees the same keys, and signs with one',
      needs: ['key-rsa-2048'],
      async run(signal) {
        const names = (await card.opened.containers()).map(({ name }) => name);
        const second = await manager.card(card.instanceId);
        try {
          const seen = (await second.containers()).map(({ name }) => name);
          expectEqual('the containers', seen, names);
          const key = await second.key(RSA_CONTAINER);
          const { publicKey } = await card.opened.key(RSA_CONTAINER);
          expectThat(key.publicKey.equals(publicKey), 'The public key is another one.');
          await expectSignature(key, 'RSA-SHA256', card.pin, signal);
          return { containers: names };
        } finally {
          await second.close();
        }
      },
    },
  ];
}

/** Deleting; at the end, as the other steps use what it deletes. */
export function deletionSteps({ card }: Bench): Step[] {
  return [
    {
      name: 'delete-key',
      title: 'a key is deleted, and no other',
      needs: ['key-rsa-2048'],
      async run(signal) {
        const before = (await card.opened.containers()).map(({ name }) => name);
        const { pin } = card;
        await card.opened.deleteKey(RSA_CONTAINER, { pin, signal });
        const after = (await card.opened.containers()).map(({ name }) => name);
        const expected = before.filter((name) => name !== RSA_CONTAINER);
        expectEqual('the containers', after, expected);
        return { containers: after };
      },
    },
  ];
}

function enroll({ card }: Bench, provider: keyof typeof PROVIDERS): Step {
  return {
    name: `enroll-${provider}`,
    title: `a certificate is made by an INF that names the ${provider.toUpperCase()}, and read back`,
    needs: ['create'],
    async run(signal) {
      const { pin } = card;
      const made = await card.opened.enroll(infText(provider), { pin, signal });
      expectEqual('the subject', made.x509.subject, SUBJECT);
      const signsItself = made.x509.verify(made.x509.publicKey);
      expectThat(signsItself, "The certificate's own signature is wrong.");
      const key = await card.opened.key(made.container);
      const readBack = await key.certificate();
      expectThat(readBack.der.equals(made.der), 'Another certificate was read back.');
      const isOfKey = readBack.x509.publicKey.equals(key.publicKey);
      expectThat(isOfKey, "The certificate has another key than its container's.");
      await expectSignature(key, 'RSA-SHA256', pin, signal);
      return { container: made.container, keySpec: key.keySpec, bytes: made.der.length };
    },
  };
}

function infText(provider: keyof typeof PROVIDERS): string {
  return `[NewRequest]
Subject = "${SUBJECT}"
KeyLength = 2048
${PROVIDERS[provider]}
KeyContainer = "self-test ${provider}"
RequestType = Cert
KeyUsage = 0x80
`;
}
