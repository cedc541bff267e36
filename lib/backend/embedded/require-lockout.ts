import { VirtualSmartCardError } from '../../errors.js';
import type { Tpm } from '../../tpm/tpm.js';

/**
 * A card with `antiHammering: 'wait'` leaves all counting to the TPM's lockout, which an interval of
 * 0 switches off ("TPM 2.0 Library, Part 3", TPM2_DictionaryAttackParameters).
 *
 * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED`
 */
export async function requireLockout(tpm: Tpm): Promise<void> {
  const { lockoutIntervalMs } = await tpm.status();
  if (lockoutIntervalMs > 0) return;
  throw new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED',
    "The TPM's lockout is switched off (its interval is 0), so nothing would stop the guessing of " +
      "PINs on a card with antiHammering 'wait'. Set the lockout (tpm2_dictionarylockout), or make " +
      "the card with 'block'. No card was made.",
  );
}
