import { describe, expect, it } from 'vitest';
import { apdu, appletCard, bytes, hex } from '../../support/applet-card.js';

const GIDS = '00A4040009A0000003974254465900';
const GIDS_ANSWER = '61124F0BA00000039742544659020173034001C09000';

describe('SELECT', () => {
  const card = appletCard();
  it.each([
    ['the application by its first 9 bytes', GIDS, GIDS_ANSWER],
    ['by its whole name', '00A404000BA0000003974254465902 0100', GIDS_ANSWER],
    ['without an answer', '00A4040C09A00000039742544659', '9000'],
    ['by less than 9 bytes', '00A4040008A000000397425446 00', '6A82'],
    ['by a name that goes on', '00A404000CA0000003974254465902010000', '6A82'],
    ['another application', '00A4040007A000000308000000', '6A82'],
    ["Microsoft's plug-and-play application", '00A404000BA00000039743494 45F010000', '6A82'],
    ['the application by its file identifier', '00A4000C023FFF', '9000'],
    ['an elementary file', '00A4000C02A010', '9000'],
    ['its control parameters', '00A4000002A01200', '620C8201398302A0128C030320009000'],
    ['EF 2F01', '00A4000C022F01', '9000'],
    ['the admin key file', '00A4000C02B080', '9000'],
    ['a missing elementary file', '00A4000C02A020', '6A82'],
    ['a missing key file', '00A4000C02B081', '6A82'],
    ['probe 2F00', '00A40800022F00', '6A86'],
    ['probe 5015', '00A40800025015', '6A86'],
    ['probe 5031', '00A40800025031 00', '6A86'],
    ['half a file identifier', '00A4000C01A0', '6A80'],
    ['an unknown answer form', '00A4000102A010', '6A86'],
  ])('%s', async (_what, command, answer) => {
    expect(await card.send(command)).toBe(answer);
  });
});

describe('probes of hosts that look for other cards', () => {
  const card = appletCard();
  it.each([
    ['GET DATA of another kind', '00CADF3000', '6D00'],
    ['discovery object', '00CB3FFF035C017E00', '6A88'],
    ['PIV object', '00CB3FFF055C035FC10200', '6A88'],
    ['READ BINARY', '00B0000000', '6D00'],
    ['another class', '80CA9F7F00', '6E00'],
    ['secure messaging', '0C20008000', '6E00'],
    ['a logical channel', '01A40400 00', '6E00'],
    ['GET CHALLENGE', '0084000008', '6D00'],
    ['GET RESPONSE with nothing waiting', '00C0000000', '6985'],
    ['too short', '00A4', '6700'],
  ])('%s', async (_what, command, answer) => {
    expect(await card.send(command)).toBe(answer);
  });
});

describe('GET DATA', () => {
  const card = appletCard();
  const cardId = () => card.vault.state.files.get(0xa012)?.objects.get(0xdf20);

  it('reads a data object', async () => {
    expect(await card.send('00CBA010045C02DF2100')).toBe('DF21086D736370000000009000');
    expect(await card.send('00CBA012045C02DF2000')).toBe(`DF2010${hex(cardId() ?? bytes(''))}9000`);
  });

  it('reads an empty file', async () => {
    expect(await card.send('00CBA010045C02DF2300')).toBe('DF23009000');
  });

  it('reads all data objects of a file with 5C00', async () => {
    expect(await card.send('00CBA010025C0000')).toBe(
      'DF21086D73637000000000DF2206000000000000DF23009000',
    );
    expect(await card.send('00CBA014025C0000')).toBe('6982');
    expect(await card.send('00CB2F01025C0000')).toBe('4301D4470308 01C09000'.replace(' ', ''));
  });

  it('reads several data objects in the order asked for', async () => {
    expect(await card.send('00CBA010065C04DF23DF2100')).toBe('DF2300DF21086D736370000000009000');
  });

  it.each([
    ['a missing data object', '00CBA010045C02DF5500', '6A88'],
    ['a missing file', '00CBA020045C02DF2000', '6A82'],
    ['a key file', '00CBB080045C02DF2000', '6A82'],
    ['an unknown 7Fxx of the card', '00CB3FFF045C027F7200', '6984'],
    ['the PUK of a card without one', '00CB3FFF045C027F7300', '6A88'],
    ['a public key that is not there', '00CB3FFF0A70088401 81A5037F498000', '6A88'],
    ['a key that is not public', '00CB3FFF0A70088401 80A503 7F488000', '6A80'],
    ['rubbish', '00CBA010045CFFDF2000', '6A80'],
    ['no data', '00CBA010', '6A80'],
  ])('%s', async (_what, command, answer) => {
    expect(await card.send(command)).toBe(answer);
  });
});

describe('tries left', () => {
  it('of the PIN, after wrong ones too', async () => {
    const card = appletCard();
    expect(await card.send('00CB3FFF045C027F7100')).toBe('7F71069701059301059000');
    expect(await card.send(apdu('00200080', 'FFFFFFFFFFFFFFFF'))).toBe('63C4');
    expect(await card.send('00CB3FFF045C027F7100')).toBe('7F71069701049301059000');
  });

  it('of the PUK', async () => {
    const card = appletCard({ puk: true });
    expect(await card.send('00CB3FFF045C027F7300')).toBe('7F73069701059301059000');
    expect(await card.send('00CB3FFF025C0000')).toBe('7F71069701059301057F73069701059301059000');
  });
});
