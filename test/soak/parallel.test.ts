import { randomBytes, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import type { VirtualSmartCardKey } from '../../lib/index.js';
import { count } from '../support/counts.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

const CARDS = 10;
const PARALLEL = 100;
/** At least one round of signatures; in the long check for a minute. */
const MILLISECONDS = count(0, 60_000);

/** A key under whose PIN one of several managers signs. */
interface Signer {
  key: VirtualSmartCardKey;
  /** undefined on a card that is logged in. */
  pin: Buffer | undefined;
}

test(`${CARDS} cards, ${PARALLEL} signatures at a time by several managers, each verified`, async () => {
  const directory = await temporaryDirectory();
  const managers = [];
  for (let number = 0; number < 3; number++) managers.push(await openManager(directory));
  const [first] = managers;
  if (!first) throw new Error('no manager');
  const signers: Signer[] = [];
  for (let number = 0; number < CARDS; number++) {
    const options = cardOptions({ name: `Card ${number}` });
    const pin = options.pin as Buffer;
    const made = await first.create(options);
    await made.createKey({ container: 'ec', algorithm: 'EC-P256' }, { pin });
    await made.createKey({ container: 'p384', algorithm: 'EC-P384' }, { pin });
    // An RSA key takes a while to make; four of them will do.
    if (number < 4) await made.createKey({ container: 'rsa', algorithm: 'RSA-2048' }, { pin });
    for (const [which, manager] of managers.entries()) {
      const card = await manager.card(made.instanceId);
      const isLoggedIn = (which + number) % 2 === 0;
      if (isLoggedIn) await card.verifyPin(pin);
      for (const key of await card.keys()) {
        signers.push({ key, pin: isLoggedIn ? undefined : pin });
      }
    }
  }

  const began = performance.now();
  let signatures = 0;
  do {
    const round = Array.from({ length: PARALLEL }, (_, at) => {
      const signer = signers[(signatures + at) % signers.length];
      if (!signer) throw new Error('no signer');
      return signAndVerify(signer);
    });
    expect(await Promise.all(round)).toEqual(round.map(() => true));
    signatures += round.length;
  } while (performance.now() - began < MILLISECONDS);
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${signatures} signatures by ${signers.length} keys of ${CARDS} cards and ` +
      `${managers.length} managers in ${seconds.toFixed(1)} s, all verified`,
  );

  for (const info of await first.list()) expect(info).toMatchObject({ pinTriesLeft: 5 });
});

async function signAndVerify({ key, pin }: Signer): Promise<boolean> {
  const data = randomBytes(100);
  const options = pin ? { pin } : {};
  if (key.algorithm !== 'RSA-2048') {
    const signature = await key.sign('ECDSA-SHA256', data, options);
    return verify('sha256', data, key.publicKey, signature);
  }
  const signature = await key.sign('RSA-PSS-SHA256', data, options);
  return verify('sha256', data, { key: key.publicKey, padding: 6, saltLength: 32 }, signature);
}
