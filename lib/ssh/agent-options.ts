import { booleanOption, checkCallback, checkOptions, checkText } from '../arguments.js';
import { describeType, invalidArgument, type VirtualSmartCardError } from '../errors.js';
import type { SecretInput } from '../secret.js';

/** Which key of which card is about to be used. */
export interface SshKeyUse {
  /** The card's device instance id. */
  instanceId: string;
  /** The card's name. */
  cardName: string;
  /** Container of the key. */
  container: string;
  /** `SHA256:` and the hash of the public key, as `ssh-keygen -l` shows it. */
  fingerprint: string;
  /** Fires when nobody waits for the answer any more: stop asking then. */
  signal: AbortSignal;
}

/** What the PIN is needed for. */
export interface SshPinRequest extends SshKeyUse {
  /** Wrong PINs left before the card blocks; never 1 or less, since nobody is asked then. */
  triesLeft: number;
  /** Why it is asked again: the one before was wrong. */
  wasWrong: boolean;
}

/** How the keys of cards are used for ssh. */
export interface SshSignerOptions {
  /** The keys of this card only, named as `manager.info` takes it; default those of all cards. */
  instanceId?: string | undefined;
  /**
   * Gives the PIN of a card, or undefined where there is none to be had. Bytes are wiped here after
   * use. Without it nothing can be signed.
   */
  onPin?: ((request: SshPinRequest) => Promise<SecretInput | undefined>) | undefined;
  /**
   * For how long after the PIN was given a card stays logged in, in milliseconds, up to a week; 0 asks
   * for every signature. Default 10 minutes.
   */
  lifetimeMs?: number | undefined;
  /** Asked before every signature, where it is given: whether the key may be used. */
  onConfirm?: ((use: SshKeyUse) => Promise<boolean>) | undefined;
  /** Whether RSA keys sign with SHA-1 for clients that know nothing newer; default false. */
  allowSha1?: boolean | undefined;
  /** Told why a card's keys are not shown or a signature was refused. Default: a process warning. */
  onWarning?: ((warning: VirtualSmartCardError) => void) | undefined;
}

/** Options that have been checked, and what was left out filled in. */
export interface CheckedSignerOptions {
  instanceId: string | undefined;
  onPin: (request: SshPinRequest) => Promise<SecretInput | undefined>;
  lifetimeMs: number;
  onConfirm: ((use: SshKeyUse) => Promise<boolean>) | undefined;
  allowSha1: boolean;
  onWarning: (warning: VirtualSmartCardError) => void;
}

export const SIGNER_OPTIONS = [
  'instanceId',
  'onPin',
  'lifetimeMs',
  'onConfirm',
  'allowSha1',
  'onWarning',
] as const;

/** Reader names are longer than instance ids, and stand for them in some backends. */
const MAX_ID_LENGTH = 1024;
const DEFAULT_LIFETIME_MS = 10 * 60_000;
/** What setTimeout takes is little more than three weeks. */
const MAX_LIFETIME_MS = 7 * 24 * 60 * 60_000;

/** @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` */
export function checkedSignerOptions(options: SshSignerOptions): CheckedSignerOptions {
  checkOptions(options, SIGNER_OPTIONS);
  const { instanceId, onPin, onConfirm, onWarning = warnProcess } = options;
  checkCallback(onPin, 'onPin');
  checkCallback(onConfirm, 'onConfirm');
  checkCallback(onWarning, 'onWarning');
  return {
    instanceId:
      instanceId === undefined ? undefined : checkText(instanceId, 'instanceId', MAX_ID_LENGTH),
    onPin: onPin ?? (async () => undefined),
    lifetimeMs: checkLifetime(options.lifetimeMs ?? DEFAULT_LIFETIME_MS),
    onConfirm,
    allowSha1: booleanOption(options.allowSha1, 'allowSha1', false),
    onWarning,
  };
}

function checkLifetime(value: unknown): number {
  const isIn = typeof value === 'number' && value >= 0 && value <= MAX_LIFETIME_MS;
  if (isIn) return value;
  const actual = typeof value === 'number' ? String(value) : describeType(value);
  throw invalidArgument('lifetimeMs', `0 to ${MAX_LIFETIME_MS} milliseconds`, actual);
}

function warnProcess(warning: VirtualSmartCardError): void {
  process.emitWarning(warning.message, { type: 'VirtualSmartCardWarning', code: warning.code });
}
