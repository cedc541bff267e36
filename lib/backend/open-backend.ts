import { VirtualSmartCardError } from '../errors.js';
import type { Backend } from './backend.js';

/** Which backend carries a manager out, and what it is opened with. The face has checked them. */
export interface OpenBackendOptions {
  backend: 'windows' | 'embedded';
  stateDirectory: string | undefined;
  tpm: string | undefined;
  machine: string | undefined;
  /** The backend copies it; the caller wipes it. */
  ownerAuthorization: Uint8Array | undefined;
}

/** The backend of a platform: Windows has virtual smart cards of its own. */
export function defaultBackend(): 'windows' | 'embedded' {
  return process.platform === 'win32' ? 'windows' : 'embedded';
}

/**
 * The one place where a backend is chosen. It is loaded only when it is opened.
 *
 * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED`, and whatever the backend's opening throws
 */
export async function openBackend(options: OpenBackendOptions): Promise<Backend> {
  const { backend, machine, ...embedded } = options;
  if (backend === 'windows') {
    throw new VirtualSmartCardError(
      'ERR_NOT_SUPPORTED',
      "This version has no windows backend yet. Open the manager with { backend: 'embedded' }.",
    );
  }
  if (machine !== undefined) {
    throw new VirtualSmartCardError(
      'ERR_NOT_SUPPORTED',
      'The embedded backend manages this machine only. Leave machine out.',
      { parameter: 'machine' },
    );
  }
  const { openEmbeddedBackend } = await import('./embedded/embedded-backend.js');
  return openEmbeddedBackend(embedded);
}
