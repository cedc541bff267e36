import type { Backend } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { CardPublisher } from './card-publisher.js';
import { Publication } from './publication.js';
import type { CheckedPublishOptions } from './publish-options.js';
import type { PublishableBackend } from './published-card.js';

/** @throws VirtualSmartCardError `ERR_NOT_SUPPORTED`, and as {@link CardPublisher.start} */
export async function startPublication(
  backend: Backend,
  options: CheckedPublishOptions,
): Promise<Publication> {
  if (!isPublishable(backend)) {
    throw new VirtualSmartCardError(
      'ERR_NOT_SUPPORTED',
      `Cards of the ${backend.kind} backend cannot be published.`,
    );
  }
  if (process.platform !== 'linux') {
    throw new VirtualSmartCardError('ERR_NOT_SUPPORTED', 'Cards are published on Linux only.');
  }
  return Publication.over(await CardPublisher.start(backend, options));
}

function isPublishable(backend: Backend): backend is PublishableBackend {
  return backend.openChannel !== undefined && backend.watch !== undefined;
}
