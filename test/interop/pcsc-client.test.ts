import { randomBytes, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { INSTANCE_ID, publishedCard, READER } from '../support/pcsc-card.js';

test('a published card is listed by its reader, and its key signs', async () => {
  const { manager, card, options, made } = await publishedCard();
  const { cardId } = await made.info();
  expect(await manager.list()).toEqual([
    {
      instanceId: INSTANCE_ID,
      name: READER,
      readerName: READER,
      atr: '3b8d0180fba000000397425446590401cf',
      cardId,
      state: 'ready',
      stateReason: undefined,
      tpm: undefined,
      antiHammering: undefined,
      allowKeyImport: undefined,
      hasPuk: false,
      pinTriesLeft: 5,
      pinTriesMax: 5,
      pukTriesLeft: undefined,
      containerCount: 0,
    },
  ]);
  const { pin } = options;
  const key = await card.createKey({ algorithm: 'RSA-2048', container: 'Mail' }, { pin });
  const data = randomBytes(1000);
  const signature = await key.sign('RSA-SHA256', data, { pin });
  expect(verify('sha256', data, key.publicKey, signature)).toBe(true);
  expect((await made.keys()).map(({ container }) => container)).toEqual(['Mail']);
  expect((await manager.info(READER)).containerCount).toBe(1);
});
