import { expect, it } from 'vitest';
import { libtpmsError } from '../../../lib/tpm/addon-error.js';

it('says how a software TPM that could not write is had back, served or not', () => {
  const full = Object.assign(new Error('Could not write permall: No space left'), {
    code: 'STATE_IO',
  });
  expect(libtpmsError(full)).toMatchObject({
    code: 'ERR_STATE_IO',
    message: expect.stringMatching(
      /disk has room.*restart `virtual-smartcard serve`.*open another/,
    ),
  });
});
