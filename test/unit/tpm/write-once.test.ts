import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isTpmCode } from '../../../lib/tpm/error.js';
import { Tpm } from '../../../lib/tpm/tpm.js';
import { openTransport } from '../../../lib/tpm/tpm-address.js';
import { expectError } from '../../support/expect-error.js';
import { pinCounter } from './support/pin-index.js';
import { freshSwtpm, freshTpm, openForTest, TPM_KINDS } from './support/test-tpm.js';

const INDEX = 0x01865555;
const NV_AUTHORIZATION = 0x149;
const WRITTEN = 1 << 29;
/** POLICYWRITE, OWNERREAD, AUTHREAD, NO_DA; the second with TPM_NT_PIN_FAIL. */
const ORDINARY = (1 << 3) | (1 << 17) | (1 << 18) | (1 << 25);
const PIN_FAIL = ORDINARY | (8 << 4);

describe.each(TPM_KINDS)('an index that is written once, on %s', (kind) => {
  test.each([ORDINARY, PIN_FAIL])(
    'attributes %i: not even the owner writes it again',
    async (attributes) => {
      const tpm = await freshTpm(kind);
      const value = pinCounter(0, 5);
      const authValue = randomBytes(32);
      await tpm.nvDefineWritten(INDEX, { attributes, dataSize: 8, authValue }, value);
      expect(await tpm.nvRead(INDEX, 8)).toEqual(value);
      expect(await tpm.nvReadPublic(INDEX)).toMatchObject({
        attributes: (attributes | WRITTEN) >>> 0,
        authPolicy: Tpm.writeOncePolicyDigest(),
      });
      const error = await expectError(tpm.nvWrite(INDEX, pinCounter(0, 9)), 'ERR_TPM_COMMAND');
      expect(isTpmCode(error, NV_AUTHORIZATION)).toBe(true);
      expect(await tpm.nvRead(INDEX, 8)).toEqual(value);
      await tpm.nvUndefine(INDEX);
      expect(await tpm.nvIndexes()).not.toContain(INDEX);
    },
  );

  test('many in a row leave no session behind', async () => {
    const tpm = await freshTpm(kind);
    for (let number = 0; number < 8; number++) {
      const spec = { attributes: PIN_FAIL, dataSize: 8, authValue: randomBytes(32) };
      await tpm.nvDefineWritten(INDEX + number, spec, pinCounter(0, 5));
      const again = tpm.nvDefineWritten(INDEX + number, spec, pinCounter(0, 5));
      await expectError(again, 'ERR_TPM_COMMAND');
      // Of a size that is not the index's: the write is refused once its session has begun.
      const short = tpm.nvDefineWritten(INDEX + 100 + number, spec, randomBytes(9));
      await expectError(short, 'ERR_TPM_COMMAND');
    }
    expect(await tpm.nvIndexes()).toHaveLength(16);
  });
});

test("the policy is tpm2-tools'", async () => {
  const swtpm = await freshSwtpm();
  const tpm = await openForTest(await openTransport(swtpm.address));
  await tpm.close();
  const session = ['-S', 'session.ctx', '-L', 'write.policy'];
  await swtpm.tool('tpm2_startauthsession', '-S', 'session.ctx');
  await swtpm.tool('tpm2_policynvwritten', ...session, 'c');
  await swtpm.tool('tpm2_policycommandcode', ...session, 'TPM2_CC_NV_Write');
  expect(await swtpm.file('write.policy')).toEqual(Tpm.writeOncePolicyDigest());
});
