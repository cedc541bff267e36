import { describe, expect, it } from 'vitest';
import type { CardConnection, ContainerInfo } from '../../lib/backend/backend.js';
import { loadCertificates, loadKeys } from '../../lib/card-contents.js';
import { VirtualSmartCardError, type VirtualSmartCardErrorCode } from '../../lib/errors.js';
import { certificateFor, TestCard } from '../support/gids-card.js';

/** A card with the keys `one` and `two`, of which the reading of one fails. */
async function cardWhere(failing: string, code: VirtualSmartCardErrorCode) {
  const card = new TestCard();
  const connection = card.connection();
  const pin = { pin: card.pin };
  for (const name of ['one', 'two']) {
    await connection.createContainer({ name, algorithm: 'EC-P256', keySpec: 'signature' }, pin);
    const certificate = certificateFor(await connection.publicKey(name), name);
    await connection.storeCertificate(name, certificate, pin);
  }
  const publicKey = connection.publicKey.bind(connection);
  connection.publicKey = async (name: string) => {
    if (name === failing) throw new VirtualSmartCardError(code, 'no key');
    return publicKey(name);
  };
  return connection as CardConnection;
}

const names = (found: { container: ContainerInfo['name'] }[]) =>
  found.map(({ container }) => container);

describe('what a card holds', () => {
  it('leaves out a container without a key, as an interrupted program leaves it', async () => {
    const card = await cardWhere('one', 'ERR_CONTAINER_NOT_FOUND');
    expect(names(await loadKeys(card))).toEqual(['two']);
    expect(names(await loadCertificates(card))).toEqual(['two']);
  });

  it('is not told when the card fails', async () => {
    const card = await cardWhere('one', 'ERR_TPM_UNAVAILABLE');
    await expect(loadKeys(card)).rejects.toMatchObject({ code: 'ERR_TPM_UNAVAILABLE' });
    await expect(loadCertificates(card)).rejects.toMatchObject({ code: 'ERR_TPM_UNAVAILABLE' });
  });
});
