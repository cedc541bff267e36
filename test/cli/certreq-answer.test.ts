import { X509Certificate } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Arguments } from '../../lib/cli/arguments.js';
import { certreq } from '../../lib/cli/verbs/certreq.js';
import { AnswerFiles } from '../../lib/cli/verbs/certreq-answer.js';
import type { IssuedAnswer } from '../../lib/index.js';
import { OpensslCa } from '../support/openssl-ca.js';
import { temporaryDirectory } from '../support/store.js';

const CONFIG = 'ca.example\\CA';
const SAID = { config: CONFIG, requestId: 17, message: 'Issued' };

let ca: OpensslCa;
let folder: string;
let answer: IssuedAnswer;

beforeEach(async () => {
  ca = await OpensslCa.make(await temporaryDirectory(), 'EC');
  folder = await temporaryDirectory();
  await ca.openssl('req', '-new', '-key', 'ca.key', '-subj', '/CN=Jo', '-out', 'jo.req');
  const certificate = new X509Certificate(await ca.sign(await ca.read('jo.req')));
  const chain = [await ca.read('ca.pem'), await ca.read('root.pem')].map(
    (pem) => new X509Certificate(pem),
  );
  answer = { state: 'issued', ...SAID, certificate, chain, pkcs7: undefined };
});

function reserve(words: string[], ...files: string[]) {
  const args = Arguments.parse(words, certreq.options);
  return AnswerFiles.reserve(args, files);
}

describe("a CA's answer", () => {
  it.each([
    ['PEM', []],
    ['DER', ['-binary']],
  ])('is written with a chain that openssl reads: %s', async (form, words) => {
    const names = [join(folder, 'jo.cer'), join(folder, 'jo.p7b')] as const;
    const files = await reserve(words, ...names);
    const { document, exitCode } = await files.write(answer);
    await files.discard();
    expect(exitCode).toBeUndefined();
    expect(document).toMatchObject({
      ...SAID,
      subject: 'CN=Jo',
      file: names[0],
      chainFile: names[1],
    });
    const written = new X509Certificate(await readFile(names[0]));
    expect(written.raw).toEqual(answer.certificate.raw);
    const inForm = ['-inform', form, '-in'];
    await ca.openssl('x509', ...inForm, names[0], '-noout');
    const shown = await ca.openssl('pkcs7', ...inForm, names[1], '-print_certs');
    for (const each of [answer.certificate, ...answer.chain]) {
      expect(shown).toContain(String(each).trim());
    }
    expect((await readdir(folder)).sort()).toEqual(['jo.cer', 'jo.p7b']);
  });

  it('is not lost when the disk is full: the number gets it again', async () => {
    for (const names of [['/dev/full'], [join(folder, 'jo.cer'), '/dev/full']]) {
      const files = await reserve(['-f'], ...names);
      await expect(files.write(answer)).rejects.toMatchObject({
        code: 'ERR_FILE_WRITE',
        message: expect.stringContaining(`certreq -retrieve -config "${CONFIG}" 17`),
      });
      await files.discard();
    }
    expect(await readdir(folder)).toEqual(['jo.cer']);
  });

  it('needs two files for certificate and chain', async () => {
    const twice = [join(folder, 'jo'), `${folder}/./jo`];
    await expect(reserve(['-f'], ...twice)).rejects.toMatchObject({ code: 'ERR_USAGE' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('never takes the place of a file, and a refusal leaves none', async () => {
    await writeFile(join(folder, 'mine'), 'mine');
    const pair = [join(folder, 'new'), join(folder, 'mine')];
    await expect(reserve([], ...pair)).rejects.toMatchObject({ code: 'ERR_FILE_EXISTS' });
    const files = await reserve([], join(folder, 'new'));
    const refusal = { hresult: 0x80094014, advice: 'Ask the officer.' };
    const result = await files.write({ state: 'denied', ...SAID, message: 'No', ...refusal });
    await files.discard();
    expect(result).toMatchObject({ exitCode: 1, document: { state: 'denied', ...refusal } });
    expect(result.lines?.join('\n')).toContain('denied (0x80094014): No\nAsk the officer.');
    expect(await readdir(folder)).toEqual(['mine']);
  });
});
