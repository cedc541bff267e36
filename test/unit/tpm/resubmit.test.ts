import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { CommandRunner } from '../../../lib/tpm/command-runner.js';
import { TPM_CC, TPM_RC } from '../../../lib/tpm/constants.js';
import { Tpm } from '../../../lib/tpm/tpm.js';
import { expectError } from '../../support/expect-error.js';
import { Interposer } from './support/interposer.js';
import { codeResponse, ScriptedTransport } from './support/scripted-transport.js';
import { freshTransport, openForTest } from './support/test-tpm.js';

const PARAMETERS = Buffer.from('0000', 'hex');

test.each([TPM_RC.RETRY, TPM_RC.YIELDED, TPM_RC.TESTING])(
  'code 0x%x: the same command is sent again until the TPM is ready',
  async (code) => {
    const transport = new ScriptedTransport((_, number) => codeResponse(number < 5 ? code : 0));
    const runner = new CommandRunner(transport);
    await runner.perform({ code: TPM_CC.Shutdown, parameters: PARAMETERS });
    expect(transport.commands).toHaveLength(6);
    expect(new Set(transport.commands.map((command) => command.toString('hex'))).size).toBe(1);
  },
);

test('a TPM that is never ready is given up', async () => {
  const transport = new ScriptedTransport(() => codeResponse(TPM_RC.RETRY));
  const runner = new CommandRunner(transport);
  const error = await expectError(
    runner.perform({ code: TPM_CC.Shutdown, parameters: PARAMETERS }),
    'ERR_TPM_COMMAND',
  );
  expect(error.message).toContain('TPM_RC_RETRY');
  expect(transport.commands.length).toBeGreaterThan(5);
  expect(transport.commands.length).toBeLessThan(50);
});

test('a TPM that wants its self test gets it, and the command again', async () => {
  let tested = false;
  const transport = new ScriptedTransport((command) => {
    if (command.readUInt32BE(6) === TPM_CC.SelfTest) tested = true;
    return codeResponse(tested ? 0 : TPM_RC.NEEDS_TEST);
  });
  await new CommandRunner(transport).perform({ code: TPM_CC.Shutdown, parameters: PARAMETERS });
  const codes = transport.commands.map((command) => command.readUInt32BE(6));
  expect(codes).toEqual([TPM_CC.Shutdown, TPM_CC.SelfTest, TPM_CC.Shutdown]);
});

test('a self test that does not help is not repeated for ever', async () => {
  const transport = new ScriptedTransport((command) => {
    return codeResponse(command.readUInt32BE(6) === TPM_CC.SelfTest ? 0 : TPM_RC.NEEDS_TEST);
  });
  const error = await expectError(Tpm.open(transport), 'ERR_TPM_COMMAND');
  expect(error.tpmCode).toBe(TPM_RC.NEEDS_TEST);
});

test.each(['libtpms', 'swtpm with the standard ECC parent'] as const)(
  'on %s a real TPM that wants every command twice carries all of them out',
  async (kind) => {
    const interposer = new Interposer(await freshTransport(kind));
    const refused = new Set<string>();
    const transmit = interposer.transmit.bind(interposer);
    let refusals = 0;
    interposer.transmit = async (command) => {
      const id = Buffer.from(command).toString('hex');
      if (refused.delete(id)) return transmit(command);
      refused.add(id);
      refusals += 1;
      return codeResponse(TPM_RC.RETRY);
    };
    const tpm = await openForTest(interposer);
    const authValue = randomBytes(32);
    const key = tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped);
    for (let count = 0; count < 3; count += 1) {
      expect(await key.ecdsaSign(randomBytes(32), authValue)).toHaveLength(64);
    }
    const data = randomBytes(32);
    expect(await tpm.unseal(await tpm.seal({ data, authValue }), authValue)).toEqual(data);
    expect(refusals).toBeGreaterThan(10);
  },
);

test('commands with secrets are wiped after they were sent', async () => {
  const held: Uint8Array[] = [];
  const interposer = new Interposer(await freshTransport('libtpms'));
  const transmit = interposer.transmit.bind(interposer);
  interposer.transmit = (command) => {
    held.push(command);
    return transmit(command);
  };
  const tpm = await openForTest(interposer);
  const authValue = randomBytes(32);
  const key = tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped);
  await key.ecdsaSign(randomBytes(32), authValue);
  await key.ecdsaSign(randomBytes(32), authValue);
  const sent = interposer.commands.filter(({ bytes }) => bytes.includes(authValue));
  expect(sent.length).toBe(3);
  expect(held.length).toBe(interposer.commands.length);
  for (const command of held) expect(command.every((byte) => byte === 0)).toBe(true);
});
