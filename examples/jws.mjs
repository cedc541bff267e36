// A JSON Web Token that a card signs. Prints the token and the public key as a JSON Web Key, which is
// all that a verifier needs.
import { signJws } from 'virtual-smartcard';
import { withCard } from './with-card.mjs';

await withCard(async (card, pin) => {
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: 'https://example.org', sub: 'alice', iat: now, exp: now + 300 };
  // `kid` is the thumbprint of the key, by which the verifier finds it.
  const options = { header: { typ: 'JWT' }, include: ['kid'], pin };
  console.log(await signJws(key, JSON.stringify(claims), options));
  console.log(JSON.stringify(key.publicKey.export({ format: 'jwk' })));
});
