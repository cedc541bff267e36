import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { areAccessRules } from '../../../lib/gids/applet/access-rules.js';
import { keyCheckValue } from '../../../lib/gids/triple-des.js';
import {
  type AppletCard,
  apdu,
  appletCard,
  authenticateAdmin,
  bytes,
  createKeyFile,
  hex,
  login,
} from '../../support/applet-card.js';

type Who = 'nobody' | 'user' | 'admin';
const EVERYONE: Who[] = ['nobody', 'user', 'admin'];

/** Who may do what by Microsoft's rules, once the card is activated. */
const FILES: [file: string, read: Who[], write: Who[]][] = [
  ['A000', EVERYONE, ['user', 'admin']],
  ['A010', EVERYONE, ['user', 'admin']],
  ['A011', [], ['user', 'admin']],
  ['A012', EVERYONE, ['admin']],
  ['A013', ['user', 'admin'], ['user', 'admin']],
  ['A014', ['admin'], ['admin']],
];

const KEY_FILE = createKeyFile(0x81, 0x07, { decrypt: [0x40], sign: [0x50, 0x10] });

async function authenticate(card: AppletCard, who: Who): Promise<void> {
  if (who === 'user') await login(card);
  if (who === 'admin') await authenticateAdmin(card);
}

async function cardFor(who: Who): Promise<AppletCard> {
  const card = appletCard();
  await authenticate(card, who);
  return card;
}

const allowed = (list: Who[], who: Who) => (list.includes(who) ? '9000' : '6982');

describe.each(EVERYONE)('access rules for %s', (who) => {
  it.each(FILES)('file %s', async (file, readers, writers) => {
    const card = await cardFor(who);
    const before = card.vault.state;
    expect(await card.send(`00DB${file}05DF7E021234`)).toBe(allowed(writers, who));
    if (!writers.includes(who)) expect(card.vault.state).toBe(before);

    card.vault.state.files.get(Number.parseInt(file, 16))?.objects.set(0xdf7e, bytes('1234'));
    const read = await card.send(`00CB${file}045C02DF7E00`);
    expect(read).toBe(readers.includes(who) ? 'DF7E0212349000' : '6982');
    const all = await card.send(`00CB${file}025C0000`);
    expect(all.slice(-4)).toBe(allowed(readers, who));

    expect(await card.send(`00E4000002${file}`)).toBe(allowed(writers, who));
  });

  it('creating files', async () => {
    const card = await cardFor(who);
    const create = '00E000000E620C8201398302A0158C03033000';
    expect(await card.send(create)).toBe(allowed(['user', 'admin'], who));
  });

  it('the admin key', async () => {
    const card = await cardFor(who);
    const key = randomBytes(24);
    const put = `00DB3FFF267024840180A51F8718${hex(key)}8803${hex(keyCheckValue(key))}`;
    expect(await card.send(put)).toBe(allowed(['admin'], who));
    expect(
      await card.send('00E000001C621A8201188302B0808C04870020FFA50BA409800102830180950 1C0'),
    ).toBe('6A89');
  });

  it('key files: only the PIN makes, replaces, uses and deletes a key', async () => {
    const owner = appletCard();
    await authenticate(owner, 'user');
    expect(await owner.send(KEY_FILE)).toBe('9000');
    expect(await owner.send('00440000')).toBe('9000');
    expect((await owner.send('0047000008AC06800107830181')).slice(0, 2)).toBe('61');
    expect(await owner.send('00200082')).toBe('9000');

    const uses = owner.vault.keyUses;
    await authenticate(owner, who);
    const users: Who[] = ['user'];
    const publicKey = await owner.send('00CB3FFF0A7008840181A5037F498000');
    expect(publicKey.slice(0, 4)).toBe('7F49');
    expect(await owner.send('002241B606800157840181')).toBe(allowed(users, who));
    expect((await owner.send('002A9E9A0412345678')).slice(0, 2)).toBe(who === 'user' ? '61' : '69');
    expect((await owner.send('0047000008AC06800107830181')).slice(0, 2)).toBe(
      who === 'user' ? '61' : '69',
    );
    expect(owner.vault.keyUses).toBe(who === 'user' ? uses + 2 : uses);
    expect(await owner.send('00E4000002B081')).toBe(allowed(users, who));
  });
});

describe('a card that is not activated', () => {
  it('allows everything but what needs the PIN itself', async () => {
    const card = appletCard({ blank: true });
    for (const [file] of FILES) {
      expect(await card.send(`00E000000E620C8201398302${file}8C03032020`)).toBe('9000');
      expect(await card.send('00440000')).toBe('9000');
      expect(await card.send(`00DB${file}05DF7E021234`)).toBe('9000');
      expect(await card.send(`00CB${file}045C02DF7E00`)).toBe('DF7E0212349000');
    }
    expect(await card.send(KEY_FILE)).toBe('9000');
    expect(await card.send('0047000008AC06800107830181')).toBe('6982');
    expect(await card.send('002241B606800157840181')).toBe('6984');
    expect(card.vault.keyUses).toBe(0);
    expect(await card.send(apdu('002C0280', card.pin))).toBe('6982');

    expect(await card.send('00A4000C023FFF')).toBe('9000');
    expect(await card.send('00440000')).toBe('9000');
    expect(await card.send('00DBA01005DF7E021234')).toBe('6982');
    expect(await card.send('00CBA010045C02DF7E00')).toBe('6982');
  });
});

describe('a key', () => {
  it('is never used without the PIN, even where its rules ask for nothing', async () => {
    const card = appletCard();
    await login(card);
    const free = KEY_FILE.replace('8F10101000', '8F00000000');
    expect(await card.send(free)).toBe('9000');
    expect(await card.send('00440000')).toBe('9000');
    expect((await card.send('0047000008AC06800107830181')).slice(0, 2)).toBe('61');
    expect(await card.send('00200082')).toBe('9000');
    const uses = card.vault.keyUses;
    expect(await card.send('002241B606800157840181')).toBe('9000');
    expect(await card.send('002A9E9A041234567800')).toBe('6982');
    expect(await card.send('002241B806800147840181')).toBe('9000');
    expect(await card.send('002A8086041234567800')).toBe('6982');
    expect(await card.send('0047000008AC06800107830181')).toBe('6982');
    expect(card.vault.keyUses).toBe(uses);
  });

  it('is not used before its file is activated', async () => {
    const card = appletCard();
    await login(card);
    expect(await card.send(KEY_FILE)).toBe('9000');
    expect((await card.send('0047000008AC06800107830181')).slice(0, 2)).toBe('61');
    expect(await card.send('002241B606800157840181')).toBe('6984');
    expect(await card.send('00440000')).toBe('9000');
    expect(await card.send('002241B606800157840181')).toBe('9000');
  });
});

describe('access rules', () => {
  it.each([
    ['033000', true],
    ['8F10101000', true],
    ['870020FF', true],
    ['00', true],
    ['', false],
    ['0330', false],
    ['03300000', false],
    ['FF10101010101010', false],
  ])('%s are whole: %s', (rules, whole) => {
    expect(areAccessRules(bytes(rules))).toBe(whole);
  });

  it.each([
    ['the PIN and the admin key', 'B0', 'nobody', '6982'],
    ['the PIN and the admin key', 'B0', 'user', '6982'],
    ['the PIN and the admin key', 'B0', 'admin', '6982'],
    ['the PIN alone', '10', 'admin', '6982'],
    ['the PIN alone', '90', 'user', '9000'],
    ['secure messaging', '40', 'user', '6982'],
    ['secure messaging and the PIN', 'D0', 'user', '6982'],
    ['no condition that there is', '81', 'user', '6982'],
    ['never', 'FF', 'admin', '6982'],
  ] as const)('of %s (%s) for %s', async (_what, condition, who, answer) => {
    const card = await cardFor(who);
    const file = { accessRules: bytes(`03${condition}00`), activated: true, objects: new Map() };
    card.vault.state.files.set(0xa015, file);
    expect(await card.send('00DBA01504DF7E0112')).toBe(answer);
  });

  it('of both are met by both', async () => {
    const card = await cardFor('user');
    await authenticate(card, 'admin');
    const file = { accessRules: bytes('03B000'), activated: true, objects: new Map() };
    card.vault.state.files.set(0xa015, file);
    expect(await card.send('00DBA01504DF7E0112')).toBe('9000');
  });
});
