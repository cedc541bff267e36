import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { CommandLine } from '../support/cli.js';
import { OpensslCa } from '../support/openssl-ca.js';
import { ServeProcess } from '../support/serve-process.js';
import { otherPin } from '../support/store.js';

const ID = 'ROOT\\SMARTCARDREADER\\0000';
const ID_1 = 'ROOT\\SMARTCARDREADER\\0001';

let cli: CommandLine;
let ca: OpensslCa;

beforeEach(async () => {
  cli = await CommandLine.start();
  await mkdir(cli.path('ca'));
  ca = await OpensslCa.make(cli.path('ca'), 'EC');
  await cli.create();
});

/** Runs certreq with the card's PIN; words that end in a file's extension are files of the test. */
function certreq(...words: string[]) {
  return cli.json(line(words), `${cli.pin}\n`);
}

function failing(...words: string[]) {
  return cli.failure(line(words), `${cli.pin}\n`);
}

function line(words: string[]): string[] {
  const files = words.map((word) => (/^\w+\.\w+$/.test(word) ? cli.path(word) : word));
  return ['certreq', '--pin-stdin', ...files];
}

async function inf(...lines: string[]): Promise<string> {
  const all = ['[NewRequest]', 'KeyAlgorithm = ECDSA_P256', ...lines];
  await writeFile(cli.path('request.inf'), all.join('\r\n'));
  return 'request.inf';
}

const read = (name: string) => readFile(cli.path(name), 'utf8');

async function keys(instance = '0000') {
  const { keys: all } = await cli.json(['keys', '--instance', instance]);
  return all as { name: string; hasCertificate: boolean }[];
}

/** A certificate of the CA in a container of that name. */
async function certified(container: string): Promise<Record<string, unknown>> {
  await inf(`Subject = "CN=${container}"`, `KeyContainer = ${container}`);
  await certreq('-new', '-f', '--instance', '0000', 'request.inf', 'first.req');
  await writeFile(cli.path('first.p7b'), await ca.signAsBundle(await read('first.req'), 'PEM'));
  return certreq('-accept', 'first.p7b');
}

/** The PKCS #10 within a CMC request, by openssl, which finds the signer's key in `leaf.pem` of the CA. */
async function innerRequest(cmc: string): Promise<string> {
  await ca.write('request.cmc', cmc);
  const verify = ['cms', '-verify', '-noverify', '-inform', 'PEM', '-in', 'request.cmc'];
  await ca.openssl(...verify, '-certfile', 'leaf.pem', '-binary', '-out', 'pki-data.der');
  const words = ['asn1parse', '-inform', 'DER', '-in', 'pki-data.der'];
  const tagged = /cons: cont \[ 0 \]\s+\d+:d=3 .* INTEGER +:01\s+(\d+):d=3 /;
  const [, offset = 'none'] = tagged.exec(await ca.openssl(...words)) ?? [];
  await ca.openssl(...words, '-noout', '-out', 'inner.der', '-strparse', offset);
  const pem = ['req', '-inform', 'DER', '-in', 'inner.der', '-verify', '-out', 'inner.pem'];
  await ca.openssl(...pem);
  return ca.read('inner.pem');
}

describe('certreq with a CA of openssl', () => {
  it('a request waits on its card, which -accept finds, and the chain comes along', async () => {
    await cli.create();
    await inf('Subject = "CN=Jo Doe"');
    const made = await certreq(
      '-new',
      '-attrib',
      'CertificateTemplate:User',
      '--instance',
      '0001',
      'request.inf',
    );
    expect(made).toMatchObject({
      instanceId: ID_1,
      requestType: 'PKCS10',
      file: cli.path('request.req'),
    });
    expect(await keys('0001')).toMatchObject([{ name: made['container'], hasCertificate: false }]);
    const request = await read('request.req');
    await writeFile(cli.path('issued.p7b'), await ca.signAsBundle(request, 'DER'));
    await writeFile(cli.path('issued.cer'), await ca.sign(request));

    // Another card is found wrong before its PIN is tried.
    const accept = line(['-accept', '--instance', '0000', 'issued.cer']);
    const wrongCard = await cli.failure(accept, `${otherPin(Buffer.from(cli.pin)).toString()}\n`);
    expect(wrongCard).toMatchObject({ code: 'ERR_CERTIFICATE_MISMATCH', exitCode: 1 });
    expect(wrongCard['message']).toContain('CN=Jo Doe');
    expect(await cli.json(['info', '--instance', '0000'])).toMatchObject({ pinTriesLeft: 5 });

    const accepted = await certreq('-accept', 'issued.p7b');
    expect(accepted).toMatchObject({
      instanceId: ID_1,
      container: made['container'],
      subject: 'CN=Jo Doe',
      chain: ['O=Example, CN=Example Issuing', 'O=Example, CN=Example Root'],
    });
    const chain = [await ca.read('ca.pem')];
    expect(await ca.verify(String(accepted['pem']), chain)).toBe('checked.pem: OK');
    expect(await keys('0000')).toEqual([]);

    await writeFile(cli.path('ca.cer'), await ca.read('ca.pem'));
    expect(await failing('-accept', 'ca.cer')).toMatchObject({ code: 'ERR_CERTIFICATE_MISMATCH' });
    await writeFile(cli.path('no.cer'), 'none');
    expect(await failing('-accept', 'no.cer')).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });

  it('attributes of -attrib are in the request, and those of the INF that have another name', async () => {
    const section = [
      '[RequestAttributes]',
      'SAN = "dns=a.example"',
      'CertificateTemplate = Machine',
    ];
    await inf('Subject = "CN=Jo"', ...section);
    const attributes = String.raw`CertificateTemplate:User\nRequesterName:EXAMPLE\nick\nNote:50% "off"`;
    await certreq('-new', '-attrib', attributes, 'request.inf');
    await ca.write('attributes.req', await read('request.req'));
    await ca.openssl('req', '-in', 'attributes.req', '-outform', 'DER', '-out', 'attributes.der');
    const der = await readFile(cli.path('ca/attributes.der'));
    for (const word of [
      'User',
      'RequesterName',
      'EXAMPLE\\nick',
      '50% "off"',
      'SAN',
      'dns=a.example',
    ]) {
      const bmpString = Buffer.from(word, 'utf16le').swap16();
      expect(der.includes(Buffer.concat([Buffer.of(bmpString.length), bmpString])), word).toBe(
        true,
      );
    }
    expect(der.includes(Buffer.from('Machine', 'utf16le').swap16())).toBe(false);
  });

  it('the key waits while the store is served, restarted and used by another process', async () => {
    await certified('busy');
    const service = await ServeProcess.start(cli.path('store'));
    await inf('Subject = "CN=Waits"', 'KeyContainer = waits');
    await certreq('-new', 'request.inf');
    await service.stop();
    await writeFile(cli.path('issued.cer'), await ca.sign(await read('request.req')));
    await ServeProcess.start(cli.path('store'));
    const words = ['sign', '--container', 'busy', '--in', cli.path('request.inf'), '--pin-stdin'];
    const [accepted, ...signed] = await Promise.all([
      certreq('-accept', 'issued.cer'),
      ...[1, 2, 3].map(() => cli.json(words, `${cli.pin}\n`)),
    ]);
    expect(accepted).toMatchObject({ container: 'waits', subject: 'CN=Waits' });
    for (const each of signed) expect(each).toMatchObject({ container: 'busy' });
    expect(await keys()).toMatchObject([
      { name: 'busy', hasCertificate: true },
      { name: 'waits', hasCertificate: true },
    ]);
  });

  it('a certificate may have alternative names only', async () => {
    await inf('[Extensions]', '2.5.29.17 = "{text}dns=a.example"');
    await certreq('-new', 'request.inf');
    await writeFile(cli.path('issued.cer'), await ca.sign(await read('request.req')));
    expect(await certreq('-accept', 'issued.cer')).toMatchObject({ subject: '' });
    expect((await cli.run(['certificates'])).stdout).toContain('(no name)');
  });

  it('a CMC request, the key for which is there already, is answered', async () => {
    const first = await certified('mail');
    await inf(
      'Subject = "CN=New"',
      'RequestType = CMC',
      'UseExistingKeySet = TRUE',
      'KeyContainer = mail',
    );
    expect(await certreq('-new', 'request.inf', 'out.cmc')).toMatchObject({
      requestType: 'CMC',
      container: 'mail',
    });
    await writeFile(cli.path('new.cer'), await ca.sign(await innerRequest(await read('out.cmc'))));
    expect(await certreq('-accept', 'new.cer')).toMatchObject({
      container: 'mail',
      subject: 'CN=New',
      chain: first['chain'],
    });
    expect(await keys()).toHaveLength(1);
  });

  it('-cert renews by thumbprint and by serial number, on whichever card it is', async () => {
    await cli.create();
    const old = await certified('old');
    await ca.write('old.pem', String(old['pem']));
    const shown = await ca.openssl('x509', '-in', 'old.pem', '-noout', '-fingerprint', '-sha1');
    const thumbprint = shown.trim().replace(/.*=/, '');
    await inf('RequestType = CMC', 'KeyContainer = new');
    const renewal = await certreq('-new', '-cert', String(old['serialNumber']), 'request.inf');
    expect(renewal).toMatchObject({ instanceId: ID, container: 'new', renews: 'old' });

    // The old key signs what the new one asks for.
    await ca.write('leaf.pem', String(old['pem']));
    await writeFile(
      cli.path('new.cer'),
      await ca.sign(await innerRequest(await read('request.req'))),
    );
    const kept = await certreq('-accept', 'new.cer');
    expect(kept).toMatchObject({ container: 'new', subject: 'CN=old' });
    expect((await keys()).map(({ name }) => name)).toEqual(['old', 'new']);
    await certreq('-accept', '--replaces', 'old', 'new.cer');
    expect((await keys()).map(({ name }) => name)).toEqual(['new']);

    const gone = await failing('-new', '-f', '-cert', thumbprint, 'request.inf');
    expect(gone).toMatchObject({ code: 'ERR_CERTIFICATE_NOT_FOUND', exitCode: 1 });
    const missing = await failing(
      '-new',
      '-f',
      '--instance',
      '0001',
      '-cert',
      thumbprint,
      'request.inf',
    );
    expect(missing).toMatchObject({ code: 'ERR_CERTIFICATE_NOT_FOUND' });
    expect(await keys()).toHaveLength(1);
  });

  it('-cert renews with the same key where the INF says so, and contradicts no RenewalCert', async () => {
    const old = await certified('one');
    await ca.write('leaf.pem', String(old['pem']));
    await ca.write('old.pem', String(old['pem']));
    const shown = await ca.openssl('x509', '-in', 'old.pem', '-noout', '-fingerprint', '-sha1');
    const thumbprint = shown.trim().replace(/.*=/, '');
    await inf('RequestType = PKCS7', 'UseExistingKeySet = TRUE');
    const renewal = await certreq('-new', '-cert', thumbprint, 'request.inf');
    expect(renewal).toMatchObject({ requestType: 'PKCS7', container: 'one' });
    expect(renewal).not.toHaveProperty('renews');
    await ca.write('renewal.p7', await read('request.req'));
    await ca.write('chain.pem', (await ca.read('ca.pem')) + (await ca.read('root.pem')));
    const trust = ['-CAfile', 'chain.pem', '-purpose', 'any', '-signer', 'signer.pem'];
    const files = ['-in', 'renewal.p7', '-out', 'content.der'];
    await ca.openssl('cms', '-verify', '-inform', 'PEM', '-binary', ...files, ...trust);
    expect(await ca.read('signer.pem')).toBe(old['pem']);

    await inf('RequestType = PKCS7', `RenewalCert = ${thumbprint.replaceAll(':', '')}`);
    expect(await certreq('-new', '-f', 'request.inf')).toMatchObject({ renews: 'one' });
    const before = (await keys()).length;
    await inf('RequestType = PKCS7', `RenewalCert = ${'0'.repeat(40)}`);
    const other = await failing('-new', '-f', '-cert', thumbprint, 'request.inf');
    expect(other).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
    await inf('RequestType = PKCS10');
    const wrongType = await failing('-new', '-f', '-cert', thumbprint, 'request.inf');
    expect(wrongType).toMatchObject({ code: 'ERR_INF', line: 1 });
    expect(await keys()).toHaveLength(before);
  });

  it('no key is left when the request cannot be written, and none is lost that was there', async () => {
    await inf('Subject = "CN=Jo"');
    const full = await failing('-new', '-f', 'request.inf', '/dev/full');
    expect(full).toMatchObject({ code: 'ERR_FILE_WRITE', exitCode: 1 });
    expect(full['message']).toContain('disk is full');
    expect(await keys()).toEqual([]);

    await certified('mail');
    await inf('Subject = "CN=Jo"', 'UseExistingKeySet = TRUE', 'KeyContainer = mail');
    const again = await failing('-new', '-f', 'request.inf', '/dev/full');
    expect(again).toMatchObject({ code: 'ERR_FILE_WRITE' });
    expect(await keys()).toMatchObject([{ name: 'mail', hasCertificate: true }]);

    await writeFile(cli.path('mine.req'), 'mine');
    expect(await failing('-new', 'request.inf', 'mine.req')).toMatchObject({
      code: 'ERR_FILE_EXISTS',
    });
    expect(await read('mine.req')).toBe('mine');
    expect((await readdir(cli.folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('an imported key on two cards has to be named', async () => {
    const twins = ['--allow-key-import'];
    await cli.create(...twins);
    await cli.create(...twins);
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=Twin'];
    await ca.openssl(...made, '-keyout', 'twin.key', '-out', 'twin.pem');
    await ca.openssl(
      'pkcs12',
      '-export',
      '-in',
      'twin.pem',
      '-inkey',
      'twin.key',
      '-out',
      'twin.pfx',
      '-passout',
      'pass:x',
    );
    const pfx = `${ca.directory}/twin.pfx`;
    for (const instance of ['0001', '0002']) {
      const words = ['certificates', 'import-pfx', '--instance', instance, '--pin-stdin', pfx];
      expect(await cli.json(words, `x\n${cli.pin}\n`)).toMatchObject({ subject: 'CN=Twin' });
    }
    const accept = ['certreq', '-accept', '--pin-stdin', `${ca.directory}/twin.pem`];
    expect(await cli.failure(accept, `${cli.pin}\n`)).toMatchObject({
      code: 'ERR_CARD_AMBIGUOUS',
      instanceIds: [ID_1, 'ROOT\\SMARTCARDREADER\\0002'],
    });
    const named = [...accept, '--instance', '0002'];
    expect(await cli.json(named, `${cli.pin}\n`)).toMatchObject({ subject: 'CN=Twin' });
  });
});
