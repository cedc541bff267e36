import { checkSignal } from '../../arguments.js';
import type { PublicKey } from '../../gids/card-state.js';
import { checkDigest } from '../../gids/key-operations.js';
import { undoAndThrow } from '../../undo.js';
import type { Completion, ContainerInfo, SignatureScheme } from '../backend.js';

/** What is done with containers on the way, within one call. */
export interface ContainerWork {
  publicKey(name: string): Promise<PublicKey>;
  sign(name: string, scheme: SignatureScheme, digest: Uint8Array): Promise<Buffer>;
  store(name: string, certificate: Uint8Array): Promise<void>;
  delete(name: string): Promise<void>;
}

/**
 * Makes of a new container's key what it was made for. Windows' providers show a container as soon as
 * it has its key: it is deleted again when this fails, and stays as it is when the process is killed.
 */
export async function completeContainer(
  info: ContainerInfo,
  complete: Completion | undefined,
  signal: AbortSignal | undefined,
  work: ContainerWork,
): Promise<ContainerInfo> {
  if (!complete) return info;
  const { name } = info;
  try {
    const certificate = await complete({
      publicKey: await work.publicKey(name),
      signDigest: async (scheme, digest, container = name) => {
        checkDigest(scheme, digest);
        return work.sign(container, scheme, digest);
      },
    });
    checkSignal(signal);
    if (!certificate) return info;
    await work.store(name, certificate);
    return { ...info, hasCertificate: true };
  } catch (error) {
    const left = `The key made for it is still on the card; delete container "${name}" yourself.`;
    return undoAndThrow(error, left, () => work.delete(name));
  }
}
