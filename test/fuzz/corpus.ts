import { bytes } from '../support/applet-card.js';
import { type Command, takeApart } from './command.js';
import { recordClient } from './recorded-client.js';
import { RECORDED } from './recorded-secrets.js';

/** Commands in the order in which somebody sent them. */
export type Sequence = readonly Command[];

const SELECT = '00A4040009A0000003974254465900';
const PIN = `08${RECORDED.pin.toString('hex')}`;
const LOGIN = `00200080${PIN}`;
const KEY_FILE =
  '00E0000049 6247 820118 8302B081 8C058F10101000 A537' +
  'B809800106830181950140 B809800186830181950140 B809800146830181950140' +
  'B609800116830181950140 B609800156830181950140';

/** What OpenSC's tools were seen to send, and single commands of every kind. */
const TYPED: readonly (readonly string[])[] = [
  // opensc-tool's probes, gids-tool's dump
  [SELECT, '00A4080C023F00', '00A40800022F00', '00CADF3000', '00CB3FFF045C027F7100'],
  [SELECT, '00CBA000045C02DF1F00', '00CBA012045C02DF2000', '00CBA010045C02DF2100'],
  ['00CBA010045C02DF2200', '00CBA010045C02DF2300', '00CBA000045C02DF2000', '00CB2F01025C0000'],
  ['00CB3FFF045C027F7300', '00CB3FFF065C047F717F7300', '00CB3FFF0A7008840181A5037F498000'],
  // gids-tool --initialize
  [
    SELECT,
    `00240180${PIN}`,
    '00E000000E620C8201398302A0008C03033000',
    '00440000',
    '00E000000E620C8201398302A0108C03033000',
    '00440000',
    '00E000000E620C8201398302A0128C03032000',
    '00440000',
    '00E000000E620C8201398302A0138C03033030',
    '00440000',
    '00E000001C621A8201188302B0808C04870020FFA50BA4098001028301809501C0',
    '00440000',
    `00DB3FFF21701F840180A51A8718${RECORDED.adminKey.toString('hex')}`,
    '00DBA0100BDF21086D73637000000000',
    '00DBA01009DF2206000000000000',
    '00DBA01003DF2300',
    '00DBA01213DF201000112233445566778899AABBCCDDEEFF',
    '00A4000C023FFF',
    '00440000',
  ],
  // pkcs15-init --generate-key, pkcs11-tool --sign and --decrypt, --delete-objects
  [
    LOGIN,
    '00CB3FFF045C027F7100',
    KEY_FILE,
    '00440000',
    '00DBA01009DF2206000001000000',
    '00DBA00010DF200D0101000000069A81B0FFFF0000',
    '0047000008AC06800106830181',
    '00C0000000',
    '00CB3FFF0A7008840181A5037F498000',
    '00C0000000',
    `10DBA01008DF24820100${'01002004'}`,
    `00DBA010FC${'5A'.repeat(252)}`,
    '00CBA010045C02DF2400',
    '00C0000000',
    '002241B606800156840181',
    `002A9E9A333031300D060960864801650304020105000420${'A7'.repeat(32)}00`,
    '002241B806800146840181',
    `102A8086FF${'01'.repeat(255)}`,
    '002A8086010100',
    '002241B806800106840181',
    `002A8086${'80'}${'01'.repeat(128)}00`,
    '00A4000C02B081',
    '00E40000',
  ],
  // What a minidriver sends for an elliptic key
  [
    LOGIN,
    '00E0000022 6220 820118 8302B082 8C058F10101000 A510 B60680010C830182 B60680011C830182',
    '00440000',
    '0047000008AC0680010C83018200',
    '002241B60680011C840182',
    `002A9E9A20${'5A'.repeat(32)}00`,
    '00200082',
    `002A9E9A20${'5A'.repeat(32)}00`,
    '00E4000002B082',
  ],
  ['0022C1A403830180', '00870000147C128110000102030405060708090A0B0C0D0E0F00'],
  [`008700002C7C2A8228${'00'.repeat(40)}00`],
  ['002281A403830180', '00870000047C02810000', '008700000C7C0A8208000000000000000000'],
  [LOGIN, '00E000000E620C8201398302A0158C03033000', '00440000', '00DBA01505DF21021234'],
  ['00200080', '00200082', '00C0000000', '00A4000C02A010', '00A4000402A014'],
  [`00240080${'10'}${RECORDED.pin.toString('hex')}${RECORDED.newPin.toString('hex')}`],
  [`002C008012${RECORDED.puk.toString('hex')}${RECORDED.pin.toString('hex')}`],
  [`002C0280${PIN}`],
  ['00CBA013045C02DF2000', '00CBA014025C0000', '00DBA01305DF20021234', '00DBA01405DF20021234'],
];

/**
 * Everything the fuzzer starts from: what is typed here, and what this library's client sends for a
 * card's whole life, recorded by a channel that keeps it.
 */
export async function corpus(): Promise<readonly Sequence[]> {
  const typed = TYPED.map((commands) => commands.map((command) => parsed(bytes(command))));
  const recorded = await recordClient();
  return [...typed, ...recorded.map((commands) => commands.map(parsed))];
}

function parsed(apdu: Uint8Array): Command {
  const command = takeApart(apdu);
  if (!command) throw new Error(`not an APDU: ${Buffer.from(apdu).toString('hex')}`);
  return command;
}
