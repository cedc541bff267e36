import type { Entity } from './command.js';
import type { CommandRunner } from './command-runner.js';
import { TPM_CC } from './constants.js';
import type { HmacSession } from './hmac-session.js';
import { TpmWriter } from './writer.js';

const NONE = new Uint8Array(0);

/** TPM2_PolicySecret (Part 3, 23.4) with nothing that would limit it in time or use. */
export async function policySecret(
  runner: CommandRunner,
  entity: Entity,
  authValue: Uint8Array,
  policySession: HmacSession,
): Promise<void> {
  const parameters = new TpmWriter(10).sized(NONE).sized(NONE).sized(NONE).u32(0);
  const { reader } = await runner.run({
    code: TPM_CC.PolicySecret,
    handles: [entity, policySession],
    authValue,
    parameters: parameters.bytes,
  });
  reader.sized();
  reader.u16();
  reader.u32();
  reader.sized();
  reader.end();
}
