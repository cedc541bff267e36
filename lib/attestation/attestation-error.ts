import { VirtualSmartCardError } from '../errors.js';

/** An `ERR_ATTESTATION`. `problem` is a half-sentence about what is wrong with the statement. */
export function attestationError(problem: string, cause?: unknown): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_ATTESTATION',
    `The attestation proves nothing: ${problem}.`,
    cause === undefined ? {} : { cause },
  );
}

/**
 * Takes apart what came from elsewhere: that it cannot be is the statement's fault.
 *
 * @throws VirtualSmartCardError `ERR_ATTESTATION`
 */
export function parsing<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (VirtualSmartCardError.is(error, 'ERR_ATTESTATION')) throw error;
    throw attestationError(`${what} cannot be read`, error);
  }
}
