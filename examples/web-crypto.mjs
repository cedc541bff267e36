// A card's key for libraries that take WebCrypto. Here pkijs (npm install pkijs asn1js) puts together
// a certificate request, and the card signs it. Prints the request for `openssl req -verify`.
import { CertificationRequest, CryptoEngine } from 'pkijs';
import { CardCrypto } from 'virtual-smartcard';
import { withCard } from './with-card.mjs';

await withCard(async (card, pin) => {
  const key = await card.createKey({ algorithm: 'RSA-2048' }, { pin });
  const crypto = CardCrypto.create({ pin }); // has a copy of the PIN
  try {
    await request(crypto, key);
    await decrypt(crypto, key);
  } finally {
    crypto.dispose(); // and wipes it
  }
});

async function request(crypto, key) {
  const { privateKey, publicKey } = await crypto.keyPair(key, { name: 'RSA-PSS', hash: 'SHA-256' });
  const engine = new CryptoEngine({ name: 'card', crypto });
  const request = new CertificationRequest();
  await request.subjectPublicKeyInfo.importKey(publicKey, engine);
  await request.sign(privateKey, 'SHA-256', engine);
  const base64 = Buffer.from(request.toSchema().toBER()).toString('base64');
  const lines = base64.match(/.{1,64}/g).join('\n');
  console.log(`-----BEGIN CERTIFICATE REQUEST-----\n${lines}\n-----END CERTIFICATE REQUEST-----`);
}

/** The same key, bound to another use: whoever has the public half encrypts, the card decrypts. */
async function decrypt(crypto, key) {
  const { privateKey, publicKey } = await crypto.keyPair(key, {
    name: 'RSA-OAEP',
    hash: 'SHA-256',
  });
  const message = new TextEncoder().encode('for your eyes only');
  const ciphertext = await globalThis.crypto.subtle.encrypt('RSA-OAEP', publicKey, message);
  const plaintext = await crypto.subtle.decrypt('RSA-OAEP', privateKey, ciphertext);
  console.log(new TextDecoder().decode(plaintext));
}
