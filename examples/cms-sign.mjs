// Signs a file (the one named, or this one) with a certificate on a card, and prints certificate and
// signature. To verify them, with each in a file of its own:
//   openssl cms -verify -binary -inform PEM -in signature.pem -content FILE -CAfile certificate.pem
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { signCms } from 'virtual-smartcard';
import { withCard } from './with-card.mjs';

const file = process.argv[2] ?? fileURLToPath(import.meta.url);
const inf = `[NewRequest]
Subject = "CN=Alice"
KeyLength = 2048
KeyUsage = CERT_DIGITAL_SIGNATURE_KEY_USAGE
RequestType = Cert
`;

await withCard(async (card, pin) => {
  const certificate = await card.enroll(inf, { pin });
  // The file is read piece by piece, whatever its size; only its hash goes to the card.
  const { pem } = await signCms(certificate, createReadStream(file), { pin });
  console.log(certificate.pem + pem);
});
