import {
  VirtualSmartCardError,
  type VirtualSmartCardErrorCode,
  type VirtualSmartCardErrorDetails,
} from '../errors.js';

/** The fields of an error that pass. What was below it (`cause`) stays where it happened. */
const FIELDS = {
  tpmCode: 'number',
  statusWord: 'number',
  hresult: 'number',
  reportedError: 'string',
  triesLeft: 'number',
  retryAfterMs: 'number',
  holderPid: 'number',
  parameter: 'string',
  expected: 'string',
  actual: 'string',
  line: 'number',
} as const;

/**
 * Nobody reads more of a message; paths in it may be long. A field may quote what the client sent: all
 * of them, with each character escaped, still fit into a frame.
 */
const MAX_TEXT_LENGTH = 4096;
/** More than a store has cards. */
const MAX_INSTANCE_IDS = 16;

/** An error as a message has it. */
export type WireError = Readonly<Record<string, unknown>>;

/** What should not happen on the side of `serve` becomes an error that says so. */
export function encodeError(error: unknown): WireError {
  if (!VirtualSmartCardError.is(error)) {
    const what = error instanceof Error ? error.message : String(error);
    return encodeError(
      new VirtualSmartCardError('ERR_SERVICE_GONE', `The service failed at this call: ${what}`),
    );
  }
  const { code, message, ...fields } = error.toJSON();
  const known = Object.entries(fields)
    .filter(([name]) => isField(name))
    .map(([name, field]) => [name, shortened(field)]);
  const ids = error.instanceIds?.slice(0, MAX_INSTANCE_IDS);
  return {
    ...{ code, message: shortened(String(message)), ...Object.fromEntries(known) },
    ...(ids && { instanceIds: ids }),
  };
}

/** @throws RangeError when it is none */
export function decodeError(value: unknown): VirtualSmartCardError {
  if (typeof value !== 'object' || value === null) throw new RangeError('an error that is none');
  const { code, message, instanceIds, ...fields } = value as WireError;
  if (typeof code !== 'string' || !/^ERR_[A-Z_]+$/.test(code) || typeof message !== 'string') {
    throw new RangeError('an error without code and message');
  }
  const details: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (isField(name) && typeof field === FIELDS[name]) details[name] = field;
  }
  if (Array.isArray(instanceIds)) details['instanceIds'] = instanceIds.map(String);
  return new VirtualSmartCardError(
    code as VirtualSmartCardErrorCode,
    message,
    details as VirtualSmartCardErrorDetails,
  );
}

function shortened(field: unknown): unknown {
  return typeof field === 'string' ? field.slice(0, MAX_TEXT_LENGTH) : field;
}

function isField(name: string): name is keyof typeof FIELDS {
  return Object.hasOwn(FIELDS, name);
}

/** The one form of `ERR_SERVICE_GONE`. `what` is a half-sentence. */
export function serviceGone(what: string, cause?: unknown): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_SERVICE_GONE',
    `The process that serves the store ${what}. Whether calls under way were carried out is not known; log-ins are lost. The next call connects anew.`,
    cause === undefined ? {} : { cause },
  );
}
