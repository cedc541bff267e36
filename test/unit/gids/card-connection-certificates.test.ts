import { randomBytes, X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import { certificateFor, expectSigns, TestCard } from '../../support/gids-card.js';

let card: TestCard;
let connection: GidsCardConnection;
const withPin = () => ({ pin: card.pin });
const ec = (name: string) => ({ name, algorithm: 'EC-P256', keySpec: 'signature' }) as const;
const rsa = (name: string) => ({ name, algorithm: 'RSA-1024', keySpec: 'keyExchange' }) as const;

beforeEach(() => {
  card = new TestCard();
  connection = card.connection();
});

describe('certificates', () => {
  it('are stored, replaced and deleted', async () => {
    await connection.createContainer(ec('a'), withPin());
    await connection.createContainer({ ...rsa('b'), keySpec: 'keyExchange' }, withPin());
    expect(await connection.certificate('a')).toBeUndefined();
    const first = certificateFor(await connection.publicKey('a'), 'first');
    const second = certificateFor(await connection.publicKey('a'), 'second');
    const ofB = certificateFor(await connection.publicKey('b'), 'b');
    await connection.storeCertificate('a', first, withPin());
    await connection.storeCertificate('b', ofB, withPin());
    expect(await connection.certificate('A')).toEqual(first);
    expect(await card.connection().certificate('b')).toEqual(ofB);
    expect(new X509Certificate((await connection.certificate('a')) ?? '').subject).toBe('CN=first');
    await connection.storeCertificate('a', second, withPin());
    expect(await connection.certificate('a')).toEqual(second);
    expect((await connection.containers()).map((each) => each.hasCertificate)).toEqual([
      true,
      true,
    ]);
    const masterfile = Buffer.from(card.vault.state.files.get(0xa000)?.objects.get(0xdf1f) ?? []);
    expect(masterfile.includes('ksc00')).toBe(true);
    expect(masterfile.includes('kxc01')).toBe(true);
    await connection.deleteCertificate('a', withPin());
    expect(await connection.certificate('a')).toBeUndefined();
    await expect(connection.deleteCertificate('a', withPin())).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE_NOT_FOUND',
    });
    expect((await connection.containers()).map((each) => each.hasCertificate)).toEqual([
      false,
      true,
    ]);
    await expectSigns(connection, 'a', card.pin);
  });

  it('go with their container', async () => {
    await connection.createContainer(ec('a'), withPin());
    const certificate = certificateFor(await connection.publicKey('a'), 'a');
    await connection.storeCertificate('a', certificate, withPin());
    await connection.deleteContainer('a', withPin());
    expect(
      Buffer.from(card.vault.state.files.get(0xa010)?.objects.get(0xdf24) ?? [1]),
    ).toHaveLength(0);
    await connection.createContainer(ec('b'), withPin());
    expect(await connection.certificate('b')).toBeUndefined();
  });

  it('must be of the key, and certificates', async () => {
    await connection.createContainer(ec('a'), withPin());
    await connection.createContainer(ec('b'), withPin());
    const ofA = certificateFor(await connection.publicKey('a'), 'a');
    await expect(connection.storeCertificate('b', ofA, withPin())).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE_MISMATCH',
    });
    const pem = Buffer.from(new X509Certificate(ofA).toString());
    for (const bytes of [randomBytes(50), pem, Buffer.concat([ofA, Buffer.alloc(1)])]) {
      await expect(connection.storeCertificate('a', bytes, withPin())).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        parameter: 'certificate',
      });
    }
    expect(await connection.certificate('a')).toBeUndefined();
    expect(await connection.certificate('b')).toBeUndefined();
  });
});
