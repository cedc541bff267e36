import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import type { VirtualSmartCardCertificate } from '../../lib/index.js';
import { runProgram } from '../support/cli.js';
import {
  FIRST_READER,
  inserted,
  OPENSC_MODULE,
  pkcs15Objects,
  storeWithReaders,
  succeed,
} from '../support/opensc.js';
import { OpensslCa } from '../support/openssl-ca.js';
import { cardOptions, temporaryDirectory } from '../support/store.js';

const MODULE = `/usr/lib/x86_64-linux-gnu/${OPENSC_MODULE}`;

test('a certificate of an openssl CA is renewed twice; OpenSC sees it and TLS uses it', async () => {
  const { manager, publish } = await storeWithReaders();
  const { pin, ...options } = cardOptions();
  const card = await manager.create({ ...options, pin });
  const ca = await OpensslCa.make(await temporaryDirectory());
  const request = await card.createRequest(
    {
      subject: 'CN=Jo Doe,O=Example',
      subjectAlternativeNames: [{ type: 'upn', value: 'jo@example.org' }],
      extendedKeyUsage: ['clientAuth'],
      keyUsage: ['digitalSignature'],
      container: 'life-0',
    },
    { pin },
  );
  let certificate = await card.installCertificate(await ca.signAsBundle(request.pem, 'DER'), {
    pin,
  });
  for (const container of ['life-1', 'life-2']) {
    const renewal = await card.renew(certificate, { container, padding: 'pss' }, { pin });
    const answer = await ca.signAsBundle(renewal.pem, 'PEM');
    certificate = await card.installCertificate(answer, { pin, replaces: renewal.renews });
  }

  await using _publication = await publish();
  await inserted(FIRST_READER);
  const objects = await pkcs15Objects();
  expect(objects).toContain('X.509 Certificate [life-2]');
  expect(objects).not.toMatch(/life-[01]/);
  const id = /X\.509 Certificate \[life-2\][\s\S]*?ID\s+: (\w+)/.exec(objects)?.[1] ?? 'none';
  const read = ['pkcs15-tool', '--reader', FIRST_READER, '--read-certificate', id];
  const { stdout: seen } = await succeed(...read);
  expect(new X509Certificate(seen).raw.equals(certificate.der)).toBe(true);

  const chain = (await certificate.chain()).map(String);
  expect(chain).toHaveLength(2);
  expect(await ca.verify(seen, chain, '-purpose', 'sslclient')).toBe('checked.pem: OK');

  expect(await tlsClient(ca, certificate, pin)).toBe('Jo Doe');
});

/** Whom a TLS server that demands a certificate of the CA takes the card for, when openssl connects by it. */
async function tlsClient(
  ca: OpensslCa,
  certificate: VirtualSmartCardCertificate,
  pin: Buffer,
): Promise<string> {
  await ca.openssl(
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'server.key'],
    ...['-out', 'server.pem', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
  );
  const server = createServer({
    key: await ca.read('server.key'),
    cert: await ca.read('server.pem'),
    ca: await ca.read('root.pem'),
    requestCert: true,
    rejectUnauthorized: true,
    maxVersion: 'TLSv1.2',
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const named = once(server, 'secureConnection').then(([socket]) => {
    const { CN } = socket.getPeerCertificate().subject;
    socket.end();
    return CN as string;
  });
  await ca.write('card.pem', certificate.pem);
  await ca.write('card-chain.pem', (await certificate.chain()).map(String).join(''));
  await ca.write('pin', pin);
  // OpenSC's driver for these cards has no PSS.
  await ca.write(
    'card.cnf',
    'openssl_conf = settings\n[settings]\nssl_conf = ssl\n[ssl]\nsystem_default = card\n[card]\nClientSignatureAlgorithms = RSA+SHA256\n',
  );
  const { port } = server.address() as AddressInfo;
  const key = `pkcs11:object=${certificate.container};type=private;pin-source=file:${ca.directory}/pin`;
  const words = [
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    '-servername',
    'localhost',
    '-tls1_2',
  ];
  const own = ['-cert', 'card.pem', '-cert_chain', 'card-chain.pem', '-CAfile', 'server.pem'];
  const engine = ['-engine', 'pkcs11', '-keyform', 'engine', '-key', key, '-quiet'];
  const env = {
    ...process.env,
    OPENSSL_CONF: `${ca.directory}/card.cnf`,
    PKCS11_MODULE_PATH: MODULE,
  };
  const command = ['openssl', ...words, ...own, ...engine, '-verify_return_error'];
  const run = runProgram(command, { cwd: ca.directory, env });
  const ended = run.then(({ stderr }) => Promise.reject<string>(new Error(stderr)));
  const name = await Promise.race([named, ended]);
  await run;
  return name;
}
