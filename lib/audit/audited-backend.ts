import type { Backend, CardInfo } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import type { AuditTrail } from './audit-trail.js';
import { auditedChannel } from './audited-channel.js';
import { auditedConnection } from './audited-connection.js';
import type { RecordedAct } from './event.js';
import { withMethods } from './pass-through.js';
import { ActRecorder, userOf } from './recorder.js';

/** A backend whose life-cycle acts, and those of its cards, are told to a trail. */
export function auditedBackend(backend: Backend, trail: AuditTrail): Backend {
  const recorder = ActRecorder.ofProcess(trail, backend.kind);
  return withMethods(backend, {
    ...recordedMethods(backend, recorder),
    // Whoever works through a channel of this process itself is behind a reader: pcscd does not say who.
    ...channelMethods(backend, recorder.from('reader', {})),
    actingFor: (uid) => {
      const client = recorder.from('serve', userOf(uid));
      return withMethods(backend, {
        ...recordedMethods(backend, client),
        ...channelMethods(backend, client),
      });
    },
  });
}

function recordedMethods(
  backend: Backend,
  recorder: ActRecorder,
): Pick<Backend, 'create' | 'destroy' | 'resetTpmLockout' | 'connect'> {
  return {
    create: (request) =>
      recorder.record(
        () => backend.create(request),
        async (outcome) => {
          const made = 'error' in outcome ? {} : await identify(backend, outcome.value);
          return { act: 'create-card', ...made };
        },
      ),
    destroy: async (instanceId, options) => {
      // Afterwards nobody can tell which card it was.
      const card = await identify(backend, instanceId);
      return recorder.record(
        () => backend.destroy(instanceId, options),
        () => ({ act: 'destroy-card', ...card }),
      );
    },
    resetTpmLockout: (lockoutAuthorization) =>
      recorder.record(
        () => backend.resetTpmLockout(lockoutAuthorization),
        () => ({ act: 'reset-tpm-lockout' }),
      ),
    connect: async (instanceId) => {
      const connection = await backend.connect(instanceId);
      return auditedConnection(connection, recorder, () =>
        cardOf(() => connection.info(), instanceId),
      );
    },
  };
}

function channelMethods(backend: Backend, recorder: ActRecorder): Pick<Backend, 'openChannel'> {
  const { openChannel } = backend;
  if (!openChannel) return {};
  return {
    openChannel: async (instanceId) => {
      // Now, since later the channel may have the card for itself, and who asks about it would wait.
      const card = await identify(backend, instanceId);
      return auditedChannel(await openChannel.call(backend, instanceId), recorder, card);
    },
  };
}

/** Which card has that instance id. */
function identify(backend: Backend, instanceId: string): Promise<CardIdentity> {
  const find = async () => (await backend.list()).find((card) => card.instanceId === instanceId);
  return cardOf(find, instanceId);
}

/** What an event says of the card. */
export type CardIdentity = Pick<RecordedAct, 'instanceId' | 'cardId'>;

/** A card that does not say which one it is, is its instance id at least. */
async function cardOf(
  ask: () => Promise<CardInfo | undefined>,
  instanceId: string,
): Promise<CardIdentity> {
  try {
    const cardId = (await ask())?.cardId;
    return cardId === undefined ? { instanceId } : { instanceId, cardId };
  } catch (error) {
    if (VirtualSmartCardError.is(error)) return { instanceId };
    throw error;
  }
}
