import { expect } from 'vitest';
import {
  VirtualSmartCardError,
  type VirtualSmartCardErrorCode,
  type VirtualSmartCardErrorDetails,
} from '../../lib/errors.js';

/** Expects a rejection with that code and these fields, and gives the error for a closer look. */
export async function expectError(
  promise: Promise<unknown>,
  code: VirtualSmartCardErrorCode,
  fields: VirtualSmartCardErrorDetails = {},
): Promise<VirtualSmartCardError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome)) throw new Error(`expected ${code}, but the call succeeded`);
  const { error } = outcome;
  if (!(error instanceof VirtualSmartCardError)) throw error;
  expect(error.code, error.message).toBe(code);
  expect(error).toMatchObject(fields);
  return error;
}
