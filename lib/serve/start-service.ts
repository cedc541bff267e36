import type { Backend } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import type { ServableBackend } from './client-resources.js';
import type { CheckedServeOptions } from './serve-options.js';
import { Service } from './service.js';
import { StoreServer } from './store-server.js';

/** @throws VirtualSmartCardError `ERR_NOT_SUPPORTED`, `ERR_STATE_IN_USE`, `ERR_STATE_IO` */
export async function startService(
  backend: Backend,
  options: CheckedServeOptions,
): Promise<Service> {
  if (backend.servedBy !== undefined) {
    throw new VirtualSmartCardError(
      'ERR_STATE_IN_USE',
      `Process ${backend.servedBy} serves this store already, and this manager works through it.`,
      { holderPid: backend.servedBy },
    );
  }
  if (isServable(backend)) return Service.over(await StoreServer.start(backend, options));
  throw new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED',
    `Cards of the ${backend.kind} backend cannot be served: every process has them anyway.`,
  );
}

function isServable(backend: Backend): backend is ServableBackend {
  return backend.stateDirectory !== undefined;
}
