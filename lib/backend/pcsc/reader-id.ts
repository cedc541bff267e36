import { describeType, invalidArgument } from '../../errors.js';

const PREFIX = 'READER\\';
const WITH_PREFIX = /^READER[\\/]/i;

/** The instance id of the card in a reader: `READER\` and the reader's name. */
export function readerInstanceId(readerName: string): string {
  return PREFIX + readerName;
}

/**
 * Reads the id of a card in a reader: with backslash or slash, or the reader's name alone.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function normalizeReaderId(instanceId: string): string {
  const readerName =
    typeof instanceId === 'string' ? instanceId.trim().replace(WITH_PREFIX, '') : '';
  if (readerName === '' || readerName.includes('\0')) {
    throw invalidArgument(
      'instanceId',
      'READER\\ and the name of a reader, or the name alone',
      typeof instanceId === 'string' ? `"${instanceId.slice(0, 80)}"` : describeType(instanceId),
    );
  }
  return readerInstanceId(readerName);
}

/** The reader's name of an instance id in its canonical form. */
export function readerNameOf(instanceId: string): string {
  return instanceId.slice(PREFIX.length);
}
