import { expect, onTestFinished, test, vi } from 'vitest';
import { GidsApplet } from '../../lib/gids/applet.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

/** The heads (CLA INS P1 P2, hexadecimal) of the command APDUs that reach any card from now on. */
function recordCommands(): string[] {
  const commands: string[] = [];
  const transmit = GidsApplet.prototype.transmit;
  const spy = vi.spyOn(GidsApplet.prototype, 'transmit').mockImplementation(function (
    this: GidsApplet,
    command,
  ) {
    commands.push(Buffer.from(command.subarray(0, 4)).toString('hex').toUpperCase());
    return transmit.call(this, command);
  });
  onTestFinished(() => spy.mockRestore());
  return commands;
}

const VERIFY = '00200080';
const LOG_OUT = '00200082';
const MSE_SIGN = '002241B6';
const PSO_SIGN = '002A9E9A';

test.each(['RSA-2048', 'EC-P256'] as const)(
  'one sign() with %s is VERIFY, MSE and PSO on the card',
  async (algorithm) => {
    const manager = await openManager(await temporaryDirectory());
    const { pin, ...rest } = cardOptions();
    const card = await manager.create({ pin, ...rest });
    const key = await card.createKey({ algorithm }, { pin });
    const name = algorithm === 'RSA-2048' ? 'RSA-SHA256' : 'ECDSA-SHA256';
    await key.sign(name, 'first', { pin });

    const commands = recordCommands();
    await key.sign(name, 'data', { pin });
    expect(commands).toEqual([VERIFY, MSE_SIGN, PSO_SIGN, LOG_OUT]);

    await card.verifyPin(pin);
    commands.length = 0;
    await key.sign(name, 'data');
    expect(commands).toEqual([MSE_SIGN, PSO_SIGN]);
  },
);
