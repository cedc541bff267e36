import { expect, test } from 'vitest';
import { AuthorityClient } from '../../../lib/backend/windows/authority-client.js';
import { AUTHORITY_HRESULTS } from '../../../lib/backend/windows/authority-meanings.js';
import { meaningOf } from '../../../lib/backend/windows/hresults.js';
import { retrieveCertificate, submitCertificateRequest } from '../../../lib/index.js';
import { loadWindowsAddon } from '../../../lib/native-windows.js';
import { expectError } from '../../support/expect-error.js';
import { Lab } from '../support/lab.js';
import { CONFIG, Disposition, newRequest, script, template } from './support.js';

const RETRIEVE = { config: CONFIG, requestId: 7 };
const ISSUED = { disposition: Disposition.issued, requestId: 7, status: 0, message: 'Issued' };
/** Not in the table: ERROR_DISK_FULL. */
const UNKNOWN = 0x80070070;

/** An answer as it is scripted. */
function answered(answer: object) {
  return { answer: { ...ISSUED, ...answer } };
}

/** A client that waits less. */
function client(limits: { authority?: number; grace?: number }) {
  return new AuthorityClient(loadWindowsAddon(), { authority: 5000, grace: 200, ...limits });
}

test('every code arrives as its documented error, returned by the call or as the last status', async () => {
  const lab = await Lab.fresh();
  const codes = [...AUTHORITY_HRESULTS, UNKNOWN];
  const plans = codes.flatMap((result) => [
    { result },
    answered({ disposition: 1, status: result, message: 'No.' }),
  ]);
  await script(lab, 'RetrievePending', ...plans);
  for (const hresult of codes) {
    const code = meaningOf(hresult, 'requestCertificate')?.code ?? 'ERR_WINDOWS';
    const text = `0x${hresult.toString(16).toUpperCase()}`;
    for (const words of ['request 7 (ca.lab', 'request 7, "No."']) {
      const error = await expectError(retrieveCertificate(RETRIEVE), code);
      expect(error.hresult).toBe(hresult);
      expect(error.message).toContain(text);
      expect(error.message).toContain(words);
    }
  }
});

test('a failure without a code is a failure', async () => {
  const lab = await Lab.fresh();
  await script(lab, 'RetrievePending', answered({ disposition: 1, message: null }));
  const error = await expectError(retrieveCertificate(RETRIEVE), 'ERR_WINDOWS');
  expect(error.hresult).toBe(0x80004005);
});

test.each([
  [0, 'not been completed'],
  [Disposition.outOfBand, 'another way'],
  [Disposition.revoked, 'revoked'],
  [77, 'unknown state (77)'],
])('disposition %i is ERR_CA_REQUEST, with the reason', async (disposition, words) => {
  const lab = await Lab.fresh();
  await script(lab, 'RetrievePending', answered({ disposition, message: 'So it is.' }));
  const error = await expectError(retrieveCertificate(RETRIEVE), 'ERR_CA_REQUEST');
  expect(error.message).toContain(words);
  expect(error.message).toContain('So it is.');
});

test('NULL for a message is an empty one, and for a certificate an error with the number', async () => {
  const { lab, request } = await newRequest();
  const submit = () =>
    submitCertificateRequest({
      config: CONFIG,
      request: request.der,
      attributes: template('SmartcardLogon'),
    });
  await script(lab, 'GetDispositionMessage', { nullText: true });
  expect(await submit()).toMatchObject({ state: 'issued', message: '' });
  await script(lab, 'GetCertificate', { nullText: true });
  const error = await expectError(submit(), 'ERR_WINDOWS');
  expect(error.message).toContain('request 2, but Windows came back without handing it out');
  const again = await retrieveCertificate({ config: CONFIG, requestId: 2 });
  expect(again.state).toBe('issued');
});

test('a certificate without its chain is a certificate, however the chain fails', async () => {
  const { lab, request } = await newRequest();
  for (const failure of [{ nullText: true }, { result: 0x80070005 }] as const) {
    await script(lab, 'GetCertificate', null, failure);
    const answer = await submitCertificateRequest({
      config: CONFIG,
      request: request.der,
      attributes: template('SmartcardLogon'),
    });
    expect(answer).toMatchObject({ state: 'issued', chain: [], pkcs7: undefined });
  }
});

test('what is no certificate is an error that has the number', async () => {
  const lab = await Lab.fresh();
  await script(lab, 'RetrievePending', answered({ certificate: 'AAAA', chain: 'AAAA' }));
  const error = await expectError(retrieveCertificate(RETRIEVE), 'ERR_WINDOWS');
  expect(error.message).toContain('request 7');
});

test('each function that tells of the answer may fail', async () => {
  const lab = await Lab.fresh();
  const denied = answered({ disposition: 2, status: 0x80094800 });
  await script(lab, 'RetrievePending', denied, denied, denied, answered({}));
  await script(lab, 'GetRequestId', { result: UNKNOWN });
  await expectError(retrieveCertificate(RETRIEVE), 'ERR_WINDOWS');
  await script(lab, 'GetLastStatus', { result: UNKNOWN });
  expect(await retrieveCertificate(RETRIEVE)).toMatchObject({ state: 'denied', hresult: UNKNOWN });
  await script(lab, 'GetDispositionMessage', { result: UNKNOWN });
  expect(await retrieveCertificate(RETRIEVE)).toMatchObject({ state: 'denied', message: '' });
  // CERTSRV_E_PROPERTY_EMPTY: this answer has no certificate.
  const error = await expectError(retrieveCertificate(RETRIEVE), 'ERR_CA_REQUEST');
  expect(error.message).toContain('issued for request 7');
});

test('a machine without a default authority says so', async () => {
  const lab = await Lab.fresh();
  await script(lab, 'GetConfig', { result: 0x80070002 }, { nullText: true });
  const asking = retrieveCertificate({ requestId: 7 });
  const error = await expectError(asking, 'ERR_CA_UNAVAILABLE');
  expect(error.message).toContain('default certification authority');
  const unnamed = await expectError(retrieveCertificate({ requestId: 7 }), 'ERR_CA_UNAVAILABLE');
  // ERROR_NOT_FOUND.
  expect(unnamed.hresult).toBe(0x80070490);
});

test('an authority that dies in mid-call is ERR_CA_UNAVAILABLE', async () => {
  const lab = await Lab.fresh();
  await script(lab, 'RetrievePending', { delayMs: 300, result: 0x800706be });
  await expectError(retrieveCertificate(RETRIEVE), 'ERR_CA_UNAVAILABLE');
});

test('a call that never returns is given up when its time is over, or after an abort', async () => {
  const { lab, request } = await newRequest();
  await script(lab, 'Submit', { hang: true }, { hang: true });
  const submitted = { config: CONFIG, format: 'PKCS10', attributes: '' } as const;
  const submit = (authority: AuthorityClient, signal?: AbortSignal) =>
    authority.submit({ ...submitted, request: request.der }, { signal });
  const late = await expectError(submit(client({ authority: 500 })), 'ERR_TIMEOUT');
  expect(late.message).toContain('may have got the request');
  const stopped = submit(client({}), AbortSignal.timeout(300));
  await expectError(stopped, 'ERR_ABORTED');
  expect(await submit(client({}))).toMatchObject({ requestId: 1 });
});

test('a call that comes back within the grace of an abort has its answer', async () => {
  const { lab, request } = await newRequest();
  await script(lab, 'Submit', { delayMs: 600 });
  const answer = await submitCertificateRequest({
    config: CONFIG,
    request: request.der,
    attributes: template('ManagerApproval'),
    signal: AbortSignal.timeout(300),
  });
  expect(answer).toMatchObject({ state: 'pending', requestId: 1 });
});

test('a request that arrives when nobody waits any more is told of by its number', async () => {
  const { lab, request } = await newRequest();
  await script(lab, 'Submit', { delayMs: 800 });
  const warned = new Promise<Error & { code?: string }>((resolve) => {
    process.once('warning', resolve);
  });
  const given = { config: CONFIG, format: 'PKCS10', attributes: 'CertificateTemplate:Q' } as const;
  const submitting = client({ authority: 300 }).submit({ ...given, request: request.der }, {});
  await expectError(submitting, 'ERR_TIMEOUT');
  const { message, code } = await warned;
  expect(code).toBe('VSC_LATE_REQUEST');
  expect(message).toContain(`number 1 at ${CONFIG}`);
  // It was taken, and refused.
  expect(await retrieveCertificate({ config: CONFIG, requestId: 1 })).toMatchObject({
    state: 'denied',
  });
});
