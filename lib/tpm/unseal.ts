import { concatSecret } from '../secret.js';
import type { Answer } from './command.js';
import type { CommandRunner } from './command-runner.js';
import { TPM_CC, TPM_SE_POLICY } from './constants.js';
import type { ObjectSlots, SlotObject } from './object-slots.js';
import { policySecret } from './policy-secret.js';
import { startSession } from './start-session.js';

/** An NV index of type PIN, and the authValue with which it is tried. */
export interface PinIndexAuthorization {
  index: number;
  /** Its Name, which its policy refers to. */
  name: Buffer;
  authValue: Uint8Array;
}

/** What opens an object that was sealed under `pinPolicyDigest`. */
export interface PolicyAuthorization {
  pinIndex?: PinIndexAuthorization | undefined;
  /** Of the sealed object itself. */
  authValue: Uint8Array;
}

/** Unseals by authValue. The caller holds the turn, and wipes the result. */
export async function unseal(
  runner: CommandRunner,
  slots: ObjectSlots,
  object: SlotObject,
  authValue: Uint8Array,
): Promise<Buffer> {
  try {
    const loaded = await slots.load(object);
    const handles = [loaded];
    const secret = { response: true };
    return takeData(await runner.run({ code: TPM_CC.Unseal, handles, authValue, secret }));
  } finally {
    await slots.unload(object);
  }
}

/**
 * Unseals by policy: the PIN index first, whose TPM2_PolicySecret counts a wrong PIN and refuses a
 * blocked one, then the object's own authValue. The caller holds the turn, and wipes the result.
 */
export async function unsealWithPolicy(
  runner: CommandRunner,
  slots: ObjectSlots,
  object: SlotObject,
  authorization: PolicyAuthorization,
): Promise<Buffer> {
  const policySession = await startSession(runner, TPM_SE_POLICY, runner.saltParent);
  try {
    const { pinIndex, authValue } = authorization;
    if (pinIndex) {
      const entity = { handle: pinIndex.index, name: pinIndex.name };
      await policySecret(runner, entity, pinIndex.authValue, policySession);
    }
    await runner.perform({ code: TPM_CC.PolicyAuthValue, handles: [policySession] });
    const loaded = await slots.load(object);
    const handles = [loaded];
    const secret = { response: true };
    const command = { code: TPM_CC.Unseal, handles, authValue, policySession, secret };
    return takeData(await runner.run(command));
  } finally {
    policySession.wipe();
    await slots.unload(object);
    if (runner.ownHandles.has(policySession.handle)) await runner.flush(policySession.handle);
  }
}

function takeData({ reader }: Answer): Buffer {
  try {
    const data = reader.sized();
    reader.end();
    return concatSecret(data);
  } finally {
    reader.wipe();
  }
}
