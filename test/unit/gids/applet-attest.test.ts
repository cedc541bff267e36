import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeAttestation } from '../../../lib/attestation/statement.js';
import type { CardVault } from '../../../lib/gids/card-vault.js';
import {
  apdu,
  appletCard,
  bytes,
  createKeyFile,
  fetchAll,
  login,
  sendTo,
} from '../../support/applet-card.js';

const KEY_FILE = createKeyFile(0x81, 0x0c, { decrypt: [], sign: [0x10] });
const EMPTY_FILE = createKeyFile(0x82, 0x0c, { decrypt: [], sign: [0x10] });
const DATA = randomBytes(32);

describe('ATTEST KEY', () => {
  const card = appletCard();
  const attestation = {
    attested: randomBytes(200),
    signature: randomBytes(72),
    key: randomBytes(90),
    parentName: randomBytes(34),
    attestationKey: randomBytes(90),
    endorsementKey: randomBytes(120),
    certificates: [randomBytes(1000), randomBytes(1200)],
  };
  const asked: Uint8Array[] = [];

  beforeAll(async () => {
    await login(card);
    expect(await card.send(KEY_FILE)).toBe('9000');
    expect(await card.send('00440000')).toBe('9000');
    expect(await card.send('0047000008AC0680010C830181')).toMatch(/^61/);
    expect(await card.send(EMPTY_FILE)).toBe('9000');
    expect(await card.send('00440000')).toBe('9000');
  });

  it('is not known to a card without a TPM', async () => {
    expect(await card.send(apdu('00F90081', DATA, '00'))).toBe('6D00');
  });

  it('gives what the TPM says, in as many parts as it takes', async () => {
    const vault: CardVault = card.vault;
    vault.attestKey = async (_key, qualifyingData, authorization) => {
      expect(authorization.released).toBe(false);
      asked.push(Uint8Array.from(qualifyingData));
      return attestation;
    };
    const first = await card.send(apdu('00F90081', DATA, '00'));
    expect(first).toMatch(/6100$/);
    const whole = bytes((await fetchAll(card.applet, first)).slice(0, -4));
    expect(decodeAttestation(whole)).toEqual(attestation);
    expect(asked).toEqual([Uint8Array.from(DATA)]);
  });

  it.each([
    ['another P1', apdu('00F90181', DATA, '00'), '6A86'],
    ['too few bytes', apdu('00F90081', DATA.subarray(0, 15), '00'), '6700'],
    ['too many bytes', apdu('00F90081', randomBytes(33), '00'), '6700'],
    ['no bytes', '00F9008100', '6700'],
    ['a key that is not there', apdu('00F90083', DATA, '00'), '6A88'],
    ['the admin key', apdu('00F90080', DATA, '00'), '6A88'],
    ['a file without a key', apdu('00F90082', DATA, '00'), '6984'],
  ])('is refused with %s', async (_what, command, statusWord) => {
    const before = asked.length;
    expect(await card.send(command)).toBe(statusWord);
    expect(asked).toHaveLength(before);
  });

  it('takes the PIN, on the channel that asks', async () => {
    const before = asked.length;
    const command = apdu('00F90081', DATA, '00');
    expect(await sendTo(card.connect(), command)).toBe('6982');
    expect(await card.send('00200082')).toBe('9000');
    expect(await card.send(command)).toBe('6982');
    expect(asked).toHaveLength(before);
  });
});
