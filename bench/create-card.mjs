import { AdminKey } from '../dist/index.js';
import { measurePairs, timed } from './pairs.mjs';

const NV_UNDEFINE_SPACE = 0x122;
const NV_DEFINE_SPACE = 0x12a;

/**
 * create() against the sum of the TPM commands that it issues. In each pair a card is made and
 * destroyed, and the same bytes are sent again one after the other, which makes the same objects and
 * indices; both sides store the TPM's state durably after each NV command.
 */
export async function benchCreateCard(tpm, { pairs }) {
  let commands = [];
  const create = async () => {
    let elapsed = 0;
    const recorded = await tpm.record(async () => {
      const options = { name: 'Bench', pin: '12345678', adminKey: AdminKey.random() };
      let card;
      elapsed = await timed(async () => {
        card = await tpm.manager.create(options);
      });
      return card;
    });
    commands = recorded.commands;
    await tpm.manager.destroy(recorded.result.instanceId);
    return elapsed;
  };
  const bare = async () => {
    if (commands.length === 0) await create();
    const elapsed = await timed(async () => {
      for (const command of commands) await tpm.transmit(command);
    });
    for (const command of commands) {
      if (command.readUInt32BE(6) === NV_DEFINE_SPACE) await tpm.transmit(undefine(command));
    }
    return elapsed;
  };
  return { ...(await measurePairs(pairs, create, bare)), commands: commands.length };
}

/** TPM2_NV_UndefineSpace by the owner's empty authorisation, for the index that a command defined. */
function undefine(define) {
  // Header and owner's handle, the authorisation area, the index's authValue, then its public area.
  const authorizationEnd = 18 + define.readUInt32BE(14);
  const publicArea = authorizationEnd + 2 + define.readUInt16BE(authorizationEnd) + 2;
  const index = define.readUInt32BE(publicArea);
  const command = Buffer.from(
    '80020000001f00000122400000010000000000000009400000090000000000',
    'hex',
  );
  command.writeUInt32BE(NV_UNDEFINE_SPACE, 6);
  command.writeUInt32BE(index, 14);
  return command;
}
