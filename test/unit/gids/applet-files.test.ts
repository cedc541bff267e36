import { describe, expect, it } from 'vitest';
import { appletCard, createKeyFile, login } from '../../support/applet-card.js';

describe('files', () => {
  it('are created, activated, written, emptied and deleted', async () => {
    const card = appletCard();
    await login(card);
    expect(await card.send('00E000000E620C8201398302A0158C03033000')).toBe('9000');
    expect(await card.send('00440000')).toBe('9000');
    expect(card.vault.state.files.get(0xa015)).toMatchObject({ activated: true });
    expect(await card.send('00DBA01506DF2403AABBCC')).toBe('9000');
    expect(await card.send('00CBA015045C02DF2400')).toBe('DF2403AABBCC9000');
    expect(await card.send('00DBA01503DF2400')).toBe('9000');
    expect(await card.send('00CBA015045C02DF2400')).toBe('DF24009000');
    expect(await card.send('00E000000E620C8201398302A0158C03033000')).toBe('6A89');
    expect(await card.send('00A4000C02A015')).toBe('9000');
    expect(await card.send('00E40000')).toBe('9000');
    expect(await card.send('00A4000C02A015')).toBe('6A82');
  });

  it.each([
    ['the application', '00E40000023FFF'],
    ['the admin key', '00E4000002B080'],
    ['EF 2F01', '00E40000022F01'],
  ])('cannot lose %s', async (_what, command) => {
    const card = appletCard();
    await login(card);
    expect(await card.send(command)).toBe('6985');
  });

  it.each([
    ['another descriptor', '00E000000E620C8201018302A0158C03033000', '6A80'],
    ['no rules', '00E0000009620782013983 02A015', '6A80'],
    ['rules that do not fit their mode byte', '00E000000D620B8201398302A0158C020330', '6A80'],
    ['an identifier outside A0xx', '00E000000E620C820139830210158C03033000', '6A80'],
    ['a key of no algorithm', '00E00000106 20E8201188302B0818C058F10101000', '6A80'],
    [
      'a key of an unsupported algorithm',
      createKeyFile(0x81, 0x09, { decrypt: [], sign: [0x50] }),
      '6A81',
    ],
    ['a key past the 30th', createKeyFile(0x9f, 0x07, { decrypt: [], sign: [0x50] }), '6A84'],
    ['rubbish', '00E0000003620582', '6A80'],
  ])('are not created with %s', async (_what, command, answer) => {
    const card = appletCard();
    await login(card);
    const before = card.vault.state;
    expect(await card.send(command)).toBe(answer);
    expect(card.vault.state).toBe(before);
  });
});
