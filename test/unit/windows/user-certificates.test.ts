import { describe, expect, it, vi } from 'vitest';
import type { CardConnection } from '../../../lib/backend/backend.js';
import { expectError } from '../../support/expect-error.js';
import { certificateFor } from '../../support/gids-card.js';
import { otherPin } from '../../support/store.js';
import { FakeCall } from './support/fake-call.js';
import { answer, WindowsCard } from './support/windows-card.js';

const EC = { name: 'Mail', algorithm: 'EC-P256', keySpec: 'signature' } as const;
const RSA = { name: 'Log-on', algorithm: 'RSA-1024', keySpec: 'keyExchange' } as const;
const E_FAIL = 0x80004005;

/** A card with a key, and a maker of certificates for it. */
async function cardWithKey(options: Parameters<typeof WindowsCard.open>[0] = {}) {
  const windows = await WindowsCard.open(options);
  const { pin } = windows.card;
  await windows.connection.createContainer(EC, { pin });
  return { windows, pin, ...windows };
}

async function newCertificate(connection: CardConnection, name: string, subject: string) {
  return certificateFor(await connection.publicKey(name), subject);
}

/** The warnings of this process while `work` runs. */
async function warningsOf(work: () => Promise<void>): Promise<string[]> {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  try {
    await work();
    return warn.mock.calls.map(([warning, options]) => {
      expect(options).toEqual({ code: 'VSC_CERTIFICATE_LEFT' });
      return String(warning);
    });
  } finally {
    warn.mockRestore();
  }
}

describe("the user's store", () => {
  it('gets a certificate before the card, with a link to its key', async () => {
    const { windows, connection, addon, pin } = await cardWithKey();
    const certificate = await newCertificate(connection, 'Mail', 'one');
    windows.takeCalls();
    await connection.storeCertificate('mail', certificate, { pin });
    expect(windows.takeCalls().filter((call) => !call.startsWith('read'))).toEqual([
      'addStoredCertificate ksp Mail',
      'writeCertificate ksp Mail',
    ]);
    expect(addon.stored).toEqual([{ certificate, provider: 'ksp', container: 'Mail', keySpec: 2 }]);
    expect((await connection.certificate('Mail'))?.equals(certificate)).toBe(true);
  });

  it('links a key of the CSP to the CSP, also from a later connection', async () => {
    const { connection, addon, backend, instanceId, card } = await WindowsCard.open();
    const { pin } = card;
    await connection.createContainer({ ...RSA, provider: 'csp' }, { pin });
    await connection.close();
    const later = await backend.connect(instanceId);
    await later.storeCertificate('Log-on', await newCertificate(later, 'Log-on', 'x'), { pin });
    expect(addon.stored).toMatchObject([{ provider: 'csp', container: 'Log-on', keySpec: 1 }]);
    await later.deleteContainer('Log-on', { pin });
    await later.createContainer(RSA, { pin });
    await later.storeCertificate('Log-on', await newCertificate(later, 'Log-on', 'y'), { pin });
    expect(addon.stored).toMatchObject([{ provider: 'ksp' }]);
  });

  it('is as it was when the card refuses', async () => {
    const { windows, connection, addon, pin } = await cardWithKey();
    const certificate = await newCertificate(connection, 'Mail', 'one');
    const wrong = { pin: otherPin(pin) };
    await expectError(connection.storeCertificate('Mail', certificate, wrong), 'ERR_PIN_INCORRECT');
    expect(addon.stored).toEqual([]);
    // One that was there before stays.
    await connection.storeCertificate('Mail', certificate, { pin });
    await expectError(connection.storeCertificate('Mail', certificate, wrong), 'ERR_PIN_INCORRECT');
    expect(addon.stored).toHaveLength(1);
    // What cannot be taken back is told.
    const second = await newCertificate(connection, 'Mail', 'two');
    windows.on('removeStoredCertificate', () => answer(E_FAIL));
    const error = await expectError(
      connection.storeCertificate('Mail', second, wrong),
      'ERR_PIN_INCORRECT',
    );
    expect(error.message).toContain('certmgr.msc');
    expect((await connection.certificate('Mail'))?.equals(certificate)).toBe(true);
  });

  it('refusing, keeps the certificate off the card', async () => {
    const { windows, connection, pin } = await cardWithKey();
    const certificate = await newCertificate(connection, 'Mail', 'one');
    windows.on('addStoredCertificate', () => answer(0x80070005));
    await expectError(
      connection.storeCertificate('Mail', certificate, { pin }),
      'ERR_ACCESS_DENIED',
    );
    expect(await connection.certificate('Mail')).toBeUndefined();
  });

  it('gets no certificate of another key, nor what is none; that costs no try', async () => {
    const { windows, connection, addon, card, pin } = await cardWithKey();
    await connection.createContainer(RSA, { pin });
    const other = await newCertificate(connection, 'Log-on', 'one');
    const wrong = { pin: otherPin(pin) };
    windows.takeCalls();
    await expectError(
      connection.storeCertificate('Mail', other, wrong),
      'ERR_CERTIFICATE_MISMATCH',
    );
    const pem = Buffer.from('-----BEGIN CERTIFICATE-----');
    await expectError(connection.storeCertificate('Mail', pem, wrong), 'ERR_INVALID_ARGUMENT');
    await expectError(connection.storeCertificate('None', other, wrong), 'ERR_CONTAINER_NOT_FOUND');
    expect(addon.stored).toEqual([]);
    expect((await card.vault.pinTries()).left).toBe(5);
  });

  it('loses what is replaced, deleted, or goes with its key', async () => {
    const { connection, addon, pin } = await cardWithKey();
    const certificates = [];
    for (const subject of ['one', 'two', 'three']) {
      certificates.push(await newCertificate(connection, 'Mail', subject));
    }
    const [one, two, three] = certificates as [Buffer, Buffer, Buffer];
    await connection.storeCertificate('Mail', one, { pin });
    await connection.storeCertificate('Mail', two, { pin });
    expect(addon.stored).toMatchObject([{ certificate: two }]);
    await connection.deleteCertificate('Mail', { pin });
    expect(addon.stored).toEqual([]);
    expect(await connection.certificate('Mail')).toBeUndefined();
    await connection.storeCertificate('Mail', three, { pin });
    await connection.deleteContainer('Mail', { pin });
    expect(addon.stored).toEqual([]);
  });

  it('keeps what cannot be removed after the deletion, and a warning names it', async () => {
    const { windows, connection, addon, pin } = await cardWithKey();
    await connection.storeCertificate('Mail', await newCertificate(connection, 'Mail', 'one'), {
      pin,
    });
    windows.on('removeStoredCertificate', () => answer(E_FAIL));
    const warnings = await warningsOf(() => connection.deleteContainer('Mail', { pin }));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/certificate [0-9a-f]{40} of container "Mail"/);
    expect(addon.stored).toHaveLength(1);
    expect(await connection.containers()).toEqual([]);
  });

  it('is left alone with certificateStore: none', async () => {
    const { windows, connection, addon, backend, instanceId, pin } = await cardWithKey({
      certificateStore: 'none',
    });
    await connection.storeCertificate('Mail', await newCertificate(connection, 'Mail', 'one'), {
      pin,
    });
    await connection.deleteCertificate('Mail', { pin });
    await connection.storeCertificate('Mail', await newCertificate(connection, 'Mail', 'two'), {
      pin,
    });
    await connection.deleteContainer('Mail', { pin });
    await backend.destroy(instanceId, {});
    expect(windows.takeCalls().filter((call) => call.includes('StoredCertificate'))).toEqual([]);
    expect(addon.stored).toEqual([]);
  });
});

describe('destroying a card', () => {
  async function withTwoCertificates() {
    const parts = await cardWithKey();
    const { connection, pin, addon } = parts;
    await connection.createContainer(RSA, { pin });
    for (const name of ['Mail', 'Log-on']) {
      await connection.storeCertificate(name, await newCertificate(connection, name, 'x'), { pin });
    }
    // Another card's, which is nobody's business here.
    addon.stored.push({
      certificate: Buffer.from('other'),
      provider: 'ksp',
      container: 'Mail',
      keySpec: 1,
    });
    return parts;
  }

  it('takes its certificates out of the store, when it has succeeded', async () => {
    const { windows, backend, addon, instanceId } = await withTwoCertificates();
    addon.destroy = () => answer(0x80070005);
    await expectError(backend.destroy(instanceId, {}), 'ERR_ACCESS_DENIED');
    expect(addon.stored).toHaveLength(3);
    windows.takeCalls();
    addon.destroy = () => FakeCall.resolved({ needReboot: false });
    await backend.destroy(instanceId, {});
    expect(windows.takeCalls()).toEqual([
      'listStoredCertificates',
      'removeStoredCertificate Mail',
      'removeStoredCertificate Log-on',
    ]);
    expect(addon.stored).toMatchObject([{ certificate: Buffer.from('other') }]);
  });

  it('takes out others for its keys, too, and none of other keys in containers of the same name', async () => {
    const { connection, backend, addon, instanceId } = await withTwoCertificates();
    const link = { provider: 'csp', keySpec: 1 } as const;
    const older = await newCertificate(connection, 'Mail', 'older');
    const foreign = await newCertificate(connection, 'Log-on', 'foreign');
    addon.stored.push({ ...link, certificate: older, container: 'MAIL' });
    addon.stored.push({ ...link, certificate: foreign, container: 'Mail' });
    await backend.destroy(instanceId, {});
    expect(addon.stored.map(({ certificate }) => Buffer.from(certificate))).toEqual([
      Buffer.from('other'),
      foreign,
    ]);
  });

  it('takes out what it knows of when Windows does not list the store', async () => {
    const { windows, backend, addon, instanceId } = await withTwoCertificates();
    windows.on('listStoredCertificates', () => answer(E_FAIL));
    await backend.destroy(instanceId, {});
    expect(addon.stored).toHaveLength(1);
  });

  it('does so also when Windows wants a restart', async () => {
    const { backend, addon, instanceId } = await withTwoCertificates();
    addon.destroy = () => FakeCall.resolved({ needReboot: true });
    await expectError(backend.destroy(instanceId, {}), 'ERR_REBOOT_REQUIRED');
    expect(addon.stored).toHaveLength(1);
  });

  it.each([0x80100066, 0x80100009, 0x8010000b])(
    'that cannot be read (%i) works all the same',
    async (hresult) => {
      const { backend, addon, instanceId } = await withTwoCertificates();
      addon.connect = () => answer(hresult);
      await backend.destroy(instanceId, {});
      expect(addon.devices).toEqual([]);
      expect(addon.stored).toHaveLength(3);
    },
  );

  it('that hangs when it is read works after the time for a question', async () => {
    const windows = await WindowsCard.open({ limits: { query: 20 } });
    windows.addon.connect = () => new FakeCall();
    await windows.backend.destroy(windows.instanceId, {});
    expect(windows.addon.devices).toEqual([]);
  });

  it('is done when a certificate cannot be removed; a warning names it', async () => {
    const { windows, backend, addon, instanceId } = await withTwoCertificates();
    windows.on('removeStoredCertificate Mail', () => answer(E_FAIL));
    const warnings = await warningsOf(() => backend.destroy(instanceId, {}));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('container "Mail"');
    expect(addon.devices).toEqual([]);
    expect(addon.stored).toHaveLength(2);
  });
});
