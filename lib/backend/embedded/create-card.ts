import { randomBytes } from 'node:crypto';
import { type CreationStatusName, creationStatus } from '../../creation-status.js';
import { VirtualSmartCardError } from '../../errors.js';
import { emptyCardState } from '../../gids/card-state.js';
import { generateFileSystem } from '../../gids/files.js';
import { randomSecret, wipe } from '../../secret.js';
import type { CreateRequest, LongCallOptions } from '../backend.js';
import type { CardRecord } from './card-record.js';
import { CardStorage, type NewIndexes } from './card-storage.js';
import { createCredential } from './credential.js';
import { requireLockout } from './require-lockout.js';
import type { StoreContext } from './store-context.js';

/** Length of a card's authorisation value, which opens its keys: that of a SHA-256 digest. */
const AUTHORIZATION_LENGTH = 32;

/**
 * Makes a card with Windows' stages. Up to the moment its file appears an abort, a failure or a kill
 * leaves nothing; from then on the card is there.
 */
export async function createCard(
  context: StoreContext,
  instance: number,
  request: CreateRequest,
): Promise<CardStorage> {
  if (request.attestation !== undefined && request.attestation !== 'none') {
    throw new VirtualSmartCardError(
      'ERR_NOT_SUPPORTED',
      'The embedded backend makes no attestation identity keys. Leave attestation out.',
      { parameter: 'attestation' },
    );
  }
  const report = reporter(request);
  report('VTPMSMARTCARD_INITIALIZING');
  if (request.antiHammering === 'wait') await requireLockout(context.tpm);
  const authorization = randomSecret(AUTHORIZATION_LENGTH);
  let forgotten: Promise<void> | undefined;
  const forget = () => {
    forgotten ??= context.tpm.forget(authorization).finally(() => wipe(authorization));
  };
  try {
    report('VTPMSMARTCARD_CREATING');
    let sealing: Promise<AdminSealings> | undefined;
    const seal = () => {
      sealing ??= sealForAdmin(context, request, authorization);
      return sealing;
    };
    return await CardStorage.create(context, instance, {
      name: request.name,
      indexCount: indexCount(request),
      begin: seal,
      make: (indexes) => makeRecord(context, request, authorization, seal(), indexes, report),
      beforeCommit: () => throwIfAborted(request.signal),
      duringCommit: forget,
    });
  } finally {
    forget();
    // Where the TPM is out of reach, nothing of the value is left in it.
    await forgotten?.catch(() => undefined);
  }
}

type AdminSealings = Pick<CardRecord, 'adminKey' | 'adminAuthorization'>;

/** Begins at once what needs no index. A failure is told where the result is awaited. */
function sealForAdmin(
  { tpm }: StoreContext,
  { adminKey, puk, generate }: CreateRequest,
  authorization: Uint8Array,
): Promise<AdminSealings> {
  const sealing = Promise.all([
    tpm.seal({ data: adminKey }),
    // A card with a PUK has none once it is activated: nothing but PIN and PUK opens it.
    puk && generate ? undefined : tpm.seal({ data: authorization }),
  ]).then(([sealedKey, adminAuthorization]) => ({ adminKey: sealedKey, adminAuthorization }));
  sealing.catch(() => {
    // Handled by whoever awaits it, unless something else fails before that.
  });
  return sealing;
}

async function makeRecord(
  { tpm }: StoreContext,
  request: CreateRequest,
  authorization: Uint8Array,
  adminSealings: Promise<AdminSealings>,
  { handles, define }: NewIndexes,
  report: Reporter,
): Promise<CardRecord> {
  const { pin, puk, antiHammering, generate } = request;
  const [pinIndex, pukIndex] = antiHammering === 'block' ? handles : [undefined, handles[0]];
  const sealings = [
    createCredential(tpm, pin, authorization, pinIndex, define),
    puk && createCredential(tpm, puk, authorization, pukIndex, define),
    adminSealings,
  ] as const;
  // Nothing may still be at work in the TPM when this fails.
  await Promise.allSettled(sealings);
  const [sealedPin, sealedPuk, forAdmin] = await Promise.all(sealings);
  report('VGIDSSIMULATOR_INITIALIZING');
  const state = generate ? generateFileSystem(randomBytes(16)) : emptyCardState();
  report('VGIDSSIMULATOR_CREATING');
  report('VREADER_INITIALIZING');
  report('VREADER_CREATING');
  if (generate) {
    report('GENERATE_WAITING');
    report('GENERATE_AUTHENTICATING');
    report('GENERATE_RUNNING');
  }
  return {
    createdAt: new Date(),
    antiHammering,
    allowKeyImport: request.allowKeyImport,
    pinPolicy: request.pinPolicy.toJSON(),
    pin: sealedPin,
    puk: sealedPuk,
    ...forAdmin,
    state,
  };
}

/** The PIN index where the card blocks, and one for the PUK. */
function indexCount({ antiHammering, puk }: CreateRequest): number {
  return (antiHammering === 'block' ? 1 : 0) + (puk ? 1 : 0);
}

export type Reporter = (name: CreationStatusName) => void;

/** Reports a stage, unless the call was aborted: then it throws. */
export function reporter({ onProgress, signal }: LongCallOptions): Reporter {
  return (name) => {
    throwIfAborted(signal);
    onProgress?.(creationStatus(name));
  };
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new VirtualSmartCardError('ERR_ABORTED', 'The call was aborted; nothing was changed.', {
    cause: signal.reason,
  });
}
