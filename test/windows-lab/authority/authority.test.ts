import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { retrieveCertificate, submitCertificateRequest } from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import type { Lab } from '../support/lab.js';
import { CONFIG, calls, newRequest, PIN, template } from './support.js';

test('a request of a card is submitted, and what is issued is installed with its key', async () => {
  const { lab, card, request } = await newRequest();
  const attributes = [{ name: 'Comment', value: 'Grüße: 10' }, ...template('SmartcardLogon')];
  const answer = await submitCertificateRequest({
    config: CONFIG,
    request: request.der,
    attributes,
  });
  if (answer.state !== 'issued') throw new Error(answer.state);
  expect(answer).toMatchObject({ config: CONFIG, requestId: 1, message: 'Issued' });
  const { certificate, chain } = answer;
  const installed = await card.installCertificate(certificate, { pin: PIN });
  expect(installed.container).toBe(request.container);
  expect(certificate.publicKey.equals(request.key.publicKey)).toBe(true);
  const { certificate: root } = await lab.request<{ certificate: string }>('rootCertificate');
  expect(chain.map(({ subject }) => subject)).toEqual([
    'O=Lab\nCN=Lab Issuing CA',
    'O=Lab\nCN=Lab Root CA',
  ]);
  expect(chain[1]?.raw).toEqual(new X509Certificate(root).raw);
  expect(certificate.verify((chain[0] as X509Certificate).publicKey)).toBe(true);

  const [submit, ...others] = await calls(lab);
  expect(submit).toEqual({
    component: 'certcli',
    call: 'Submit',
    arguments: {
      flags: 0x101,
      request: request.der.toString('base64'),
      attributes: 'Comment:Grüße: 10\nCertificateTemplate:SmartcardLogon',
      config: CONFIG,
      apartment: 'mta',
    },
  });
  expect(others.map(({ call, arguments: { flags } }) => [call, flags])).toEqual([
    ['GetRequestId', undefined],
    ['GetLastStatus', undefined],
    ['GetDispositionMessage', undefined],
    ['GetCertificate', 0x1],
    ['GetCertificate', 0x101],
  ]);
});

test('a request that waits is asked for again, until an officer has issued it', async () => {
  const { lab, card, request } = await newRequest();
  const pending = await submitCertificateRequest({
    config: CONFIG,
    request: request.pem,
    attributes: template('ManagerApproval'),
  });
  expect(pending).toEqual({
    state: 'pending',
    config: CONFIG,
    requestId: 1,
    message: 'Taken Under Submission',
  });
  const { config, requestId } = pending;
  expect(await retrieveCertificate({ config, requestId })).toEqual(pending);
  await lab.request('decideRequest', { requestId, issue: true });
  const issued = await retrieveCertificate({ config, requestId });
  if (issued.state !== 'issued') throw new Error(issued.state);
  expect(issued.chain).toHaveLength(2);
  await card.installCertificate(issued.certificate, { pin: PIN });
  expect((await card.certificates()).map(({ der }) => der)).toEqual([issued.certificate.raw]);
});

test('a request that an officer refuses is denied, with the reason', async () => {
  const { lab, request } = await newRequest();
  const { config, requestId } = await submitCertificateRequest({
    config: CONFIG,
    request: request.der,
    attributes: template('ManagerApproval'),
  });
  await lab.request('decideRequest', { requestId, issue: false });
  expect(await retrieveCertificate({ config, requestId })).toMatchObject({
    state: 'denied',
    requestId,
    message: 'Denied by CA\\officer',
    hresult: 0x80094014,
    advice: expect.stringContaining('officer'),
  });
});

test('a template that the authority does not know, or none, is denied, with what to do', async () => {
  const { request } = await newRequest();
  const unknown = await submitCertificateRequest({
    config: CONFIG,
    request: request.der,
    attributes: template('Nonsense'),
  });
  expect(unknown).toMatchObject({
    state: 'denied',
    message: expect.stringContaining('Nonsense'),
    hresult: 0x80094800,
    advice: expect.stringContaining('certutil -CATemplates'),
  });
  const none = await submitCertificateRequest({ config: CONFIG, request: request.der });
  expect(none).toMatchObject({ state: 'denied', requestId: 2, hresult: 0x80094801 });
});

test("the machine's default authority is asked when none is named, and the answer says which", async () => {
  const { lab, request } = await newRequest();
  const answer = await submitCertificateRequest({
    request: request.der,
    attributes: template('SmartcardLogon'),
  });
  expect(answer).toMatchObject({ state: 'issued', config: CONFIG });
  const [asked, submitted] = await calls(lab);
  expect(asked).toMatchObject({ call: 'GetConfig', arguments: { flags: 0 } });
  expect(submitted).toMatchObject({ call: 'Submit', arguments: { config: CONFIG } });
});

test('a machine that is not there, an authority of another name, a number that was never given', async () => {
  const { lab, request } = await newRequest();
  const submit = (config: string) => submitCertificateRequest({ config, request: request.der });
  const away = await expectError(submit('elsewhere\\Lab Issuing CA'), 'ERR_CA_UNAVAILABLE');
  expect(away.hresult).toBe(0x800706ba);
  expect(away.message).toContain('elsewhere\\Lab Issuing CA');
  const other = await expectError(submit('ca.lab.example\\Other CA'), 'ERR_CA_UNAVAILABLE');
  expect(other.hresult).toBe(0x80070057);
  const retrieving = retrieveCertificate({ config: CONFIG, requestId: 4711 });
  const error = await expectError(retrieving, 'ERR_CA_REQUEST');
  expect(error).toMatchObject({ hresult: 0x80094002 });
  expect(error.message).toContain('request 4711');
  expect(await calls(lab)).toHaveLength(3);
});

test('a request whose signature is wrong is an error that says so', async () => {
  const { request } = await newRequest();
  const damaged = Buffer.from(request.der);
  const last = damaged.length - 1;
  damaged[last] = (damaged[last] as number) ^ 1;
  const submitting = submitCertificateRequest({ config: CONFIG, request: damaged });
  const error = await expectError(submitting, 'ERR_CA_REQUEST');
  expect(error.hresult).toBe(0x80090006);
  expect(error.message).toContain('Error Verifying Request Signature');
  expect(error.message).toContain('request 1');
});

test('ten requests at once are ten answers, and no object of Windows is left', async () => {
  const { lab, request } = await newRequest();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      submitCertificateRequest({
        config: CONFIG,
        request: request.der,
        attributes: template('SmartcardLogon'),
      }),
    ),
  );
  expect(answers.map(({ state }) => state)).toEqual(Array(10).fill('issued'));
  const ids = answers.map(({ requestId }) => requestId).sort((one, other) => one - other);
  expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await expect.poll(async () => (await released(lab)).length).toBe(10);
  expect((await released(lab)).at(-1)).toBe(1);
});

/** How many objects there were each time when one was let go of. */
async function released(lab: Lab): Promise<unknown[]> {
  const recorded = await lab.recorded('certcli');
  return recorded.flatMap(({ call, arguments: { openObjects } }) =>
    call === 'Release' ? [openObjects] : [],
  );
}
