import type { AdminKeyEscrow } from './admin/escrow.js';
import type { NextAdminKey } from './admin/next-admin-key.js';
import { adminKeyBytes } from './admin-authentication.js';
import type { AdminKey } from './admin-key.js';
import { booleanOption, checkCallback, checkOptions, checkText, wordOption } from './arguments.js';
import type {
  AntiHammering,
  Attestation,
  CreateRequest,
  LongCallOptions,
} from './backend/backend.js';
import { copyPuk, SecretCopies } from './credentials.js';
import { VirtualSmartCardError } from './errors.js';
import { PinPolicy, type PinPolicyOptions } from './pin-policy.js';
import { copySecret, randomSecret, type SecretInput, wipe } from './secret.js';

/** What a card is created with. */
export interface CreateOptions extends LongCallOptions {
  /** Friendly name, 1 to 256 UTF-16 units without control characters. */
  name: string;
  /** First PIN; it must satisfy the policy. */
  pin: SecretInput;
  /** Rules for this and later PINs; default: 8 to 127 bytes of any kind. */
  pinPolicy?: PinPolicyOptions | PinPolicy | undefined;
  /**
   * Resets the PIN on a card without a PUK. Keep a random one: `exportHex()`. May be left out with
   * `escrow`, which is then given a random one.
   */
  adminKey?: AdminKey | undefined;
  /**
   * Told of the admin key, and waited for, before the card is made, and of `nextAdminKey` before the card
   * gets that: no card exists whose admin key was not stored.
   */
  escrow?: AdminKeyEscrow | undefined;
  /**
   * The admin key to which the card is changed at once, for example one derived from its id, which
   * nobody knows before the card is made. When that fails, the card is destroyed again.
   */
  nextAdminKey?: NextAdminKey | undefined;
  /** 8 to 127 bytes. A card with a PUK resets its PIN by the PUK, one without by the admin key. */
  puk?: SecretInput | undefined;
  /** Whether the card gets a file system and so can be used at once; default true. */
  generate?: boolean | undefined;
  /** Whether keys may be brought to the card from outside; default false. */
  allowKeyImport?: boolean | undefined;
  /**
   * What stops guessing. `block` (default): five wrong PINs block the card until it is unblocked.
   * `wait`: wrong PINs count in the TPM's own lockout, which heals with time.
   */
  antiHammering?: AntiHammering | undefined;
  /** Windows 10 and later: what the card can prove about its TPM; default none. */
  attestation?: Attestation | undefined;
}

export const CREATE_OPTIONS = [
  'name',
  'pin',
  'pinPolicy',
  'adminKey',
  'escrow',
  'nextAdminKey',
  'puk',
  'generate',
  'allowKeyImport',
  'antiHammering',
  'attestation',
  'onProgress',
  'signal',
];

/** Windows' limit for the friendly name, in UTF-16 units. */
const MAX_NAME_LENGTH = 256;

/**
 * Checks everything about a card before anything is made, and copies the secrets: the caller of
 * this function wipes them with {@link wipeCreateRequest}.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_PIN_POLICY`
 */
export function checkedCreateRequest(options: CreateOptions): CreateRequest {
  checkOptions(options, CREATE_OPTIONS);
  checkCallback(options.escrow, 'escrow');
  const name = checkText(options.name, 'name', MAX_NAME_LENGTH);
  const pinPolicy = PinPolicy.from(options.pinPolicy);
  const generate = booleanOption(options.generate, 'generate', true);
  const allowKeyImport = booleanOption(options.allowKeyImport, 'allowKeyImport', false);
  const words = ['block', 'wait'] as const;
  const antiHammering = wordOption(options.antiHammering, 'antiHammering', words, 'block');
  const attestations = ['none', 'aikOnly', 'aikAndCertificate'] as const;
  const attestation = wordOption(options.attestation, 'attestation', attestations, 'none');

  const secrets = new SecretCopies();
  try {
    const pin = secrets.keep(copySecret(options.pin, 'pin'));
    requirePolicy(pinPolicy, pin);
    const puk = options.puk === undefined ? undefined : secrets.keep(copyPuk(options.puk));
    const isRandom = options.adminKey === undefined && options.escrow !== undefined;
    const given = isRandom ? randomSecret(24) : adminKeyBytes(options.adminKey, 'adminKey');
    const adminKey = secrets.keep(given);
    const secret = { pin, puk, adminKey };
    return { name, ...secret, pinPolicy, generate, allowKeyImport, antiHammering, attestation };
  } catch (error) {
    secrets.wipe();
    throw error;
  }
}

export function wipeCreateRequest({ pin, puk, adminKey }: CreateRequest): void {
  wipe(pin, puk, adminKey);
}

function requirePolicy(policy: PinPolicy, pin: Uint8Array): void {
  const violations = policy.violations(pin);
  if (violations.length === 0) return;
  throw new VirtualSmartCardError(
    'ERR_PIN_POLICY',
    `The PIN breaks the card's PIN policy: ${violations.join('; ')}. Choose another PIN or another policy; no card was made.`,
    { parameter: 'pin', expected: 'a PIN that satisfies the policy' },
  );
}
