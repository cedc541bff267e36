import { VirtualSmartCardError } from '../errors.js';
import type { Backend, BackendKind, CertificateStoreOption } from './backend.js';
import type { EmbeddedBackendOptions } from './embedded/embedded-backend.js';

/** Which backend carries a manager out, and what it is opened with. The face has checked them. */
export interface OpenBackendOptions {
  backend: BackendKind;
  stateDirectory: string | undefined;
  tpm: string | undefined;
  machine: string | undefined;
  /** Windows: whether Windows may ask the user for an administrator's consent. */
  allowElevationPrompt?: boolean | undefined;
  /** Windows: whether the user's store of certificates has the cards' too. */
  certificateStore?: CertificateStoreOption | undefined;
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
  const { backend, machine, allowElevationPrompt, certificateStore, ...embedded } = options;
  if (backend === 'windows') {
    refuse(embedded, "Windows' own cards have no such option. Leave it out.");
    const { openWindowsBackend } = await import('./windows/windows-backend.js');
    return openWindowsBackend({ machine, allowElevationPrompt, certificateStore });
  }
  if (backend === 'pcsc') {
    const others = {
      machine,
      allowElevationPrompt: allowElevationPrompt || undefined,
      ...embedded,
    };
    refuse(others, 'A card in a reader has no such option. Leave it out.');
    refuse(
      withoutNone(certificateStore),
      'The pcsc backend has no store of certificates. Leave it out.',
    );
    const { openPcscBackend } = await import('./pcsc/pcsc-backend.js');
    return openPcscBackend();
  }
  refuse(
    { machine, allowElevationPrompt: allowElevationPrompt || undefined },
    'The embedded backend manages this machine only, and asks nobody. Leave it out.',
  );
  refuse(
    withoutNone(certificateStore),
    'The embedded backend has no store of certificates to put them into. Leave it out.',
  );
  return openStore(embedded);
}

/** The store itself, or, where another process has it and serves it, that process. */
async function openStore(options: EmbeddedBackendOptions): Promise<Backend> {
  const { openEmbeddedBackend } = await import('./embedded/embedded-backend.js');
  try {
    return await openEmbeddedBackend(options);
  } catch (error) {
    if (!VirtualSmartCardError.is(error, 'ERR_STATE_IN_USE')) throw error;
    const { openServedBackend } = await import('./served/served-backend.js');
    const { locateStateDirectory } = await import('./embedded/state-directory.js');
    const root = locateStateDirectory(options.stateDirectory);
    return openServedBackend(root, options.tpm).catch((reason) => {
      throw VirtualSmartCardError.is(reason, 'ERR_SERVICE_GONE') ? error : reason;
    });
  }
}

/** That the store of certificates is left alone, every backend can promise. */
function withoutNone(certificateStore: CertificateStoreOption | undefined) {
  return { certificateStore: certificateStore === 'none' ? undefined : certificateStore };
}

/** Refuses the options of another backend. */
function refuse(options: Record<string, unknown>, why: string): void {
  for (const [parameter, value] of Object.entries(options)) {
    if (value === undefined) continue;
    throw new VirtualSmartCardError('ERR_NOT_SUPPORTED', `${parameter}: ${why}`, { parameter });
  }
}
