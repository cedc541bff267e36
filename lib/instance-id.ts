import { describeType, invalidArgument } from './errors.js';

const PREFIX = 'ROOT\\SMARTCARDREADER\\';
const FORMS = /^(?:ROOT[\\/]{0,2}SMARTCARDREADER[\\/]{0,2})?([0-9]{4})$/i;

/** The device instance id of card number `n`: `ROOT\SMARTCARDREADER\0000` and on. */
export function formatInstanceId(instance: number): string {
  return PREFIX + String(instance).padStart(4, '0');
}

/**
 * Reads a device instance id in every form in which it reaches us: with backslashes, with slashes,
 * with the separators eaten by a shell, or as the bare number. Case does not matter.
 *
 * @returns the canonical form, `ROOT\SMARTCARDREADER\0000`
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 * @example
 * ```ts
 * normalizeInstanceId('root/smartcardreader/0003'); // 'ROOT\\SMARTCARDREADER\\0003'
 * normalizeInstanceId('0003'); // the same
 * ```
 */
export function normalizeInstanceId(instanceId: string): string {
  const number = typeof instanceId === 'string' ? FORMS.exec(instanceId.trim())?.[1] : undefined;
  if (number === undefined) {
    throw invalidArgument(
      'instanceId',
      'a device instance id such as ROOT\\SMARTCARDREADER\\0000 or its four digits',
      typeof instanceId === 'string' ? `"${instanceId.slice(0, 80)}"` : describeType(instanceId),
    );
  }
  return PREFIX + number;
}

/** The number of a device instance id, in any of its forms. */
export function instanceNumber(instanceId: string): number {
  return Number(normalizeInstanceId(instanceId).slice(PREFIX.length));
}
