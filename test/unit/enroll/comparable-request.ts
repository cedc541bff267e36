import type { EnrollmentRequest } from '../../../lib/index.js';

/** A request without the line numbers in it, with bytes as Buffers. */
export function comparable(request: EnrollmentRequest): unknown {
  const { readerName, ...rest } = request;
  return buffers({ ...rest, readerName: readerName?.value });
}

function buffers(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(buffers);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, buffers(each)]));
}
