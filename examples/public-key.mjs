// The public half of a card's key is a KeyObject of node:crypto: what it does needs neither card nor
// PIN. Prints the key as PEM, and what the card and node:crypto did with the two halves.
import { publicEncrypt, verify } from 'node:crypto';
import { withCard } from './with-card.mjs';

await withCard(async (card, pin) => {
  const key = await card.createKey({ algorithm: 'RSA-2048' }, { pin });
  const { publicKey } = key;
  console.log(publicKey.export({ type: 'spki', format: 'pem' }));

  const data = Buffer.from('what I agree to');
  const signature = await key.sign('RSA-SHA256', data, { pin });
  console.log(`verified: ${verify('sha256', data, publicKey, signature)}`);

  const ciphertext = publicEncrypt({ key: publicKey, oaepHash: 'sha256' }, Buffer.from('secret'));
  const plaintext = await key.decrypt('RSA-OAEP-SHA256', ciphertext, { pin });
  console.log(`decrypted: ${plaintext.toString()}`);
});
