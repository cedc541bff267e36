import { randomBytes } from 'node:crypto';
import { AdminKey } from '../dist/index.js';
import { measurePairs, summary, timed } from './pairs.mjs';

const DATA = randomBytes(256);

/**
 * sign() against the one TPM command that makes such a signature, on the same TPM in turn: with the
 * PIN verified once (both use the same loaded key), and with `pin` on each call, where sign() also
 * has the TPM check the PIN, loads the key anew and locks the card again afterwards.
 */
export async function benchSign(tpm, { pairs, algorithm, signature }) {
  const open = await makeKey(tpm, algorithm);
  const locked = await makeKey(tpm, algorithm);
  await open.card.verifyPin(open.pin);
  const signOpen = () => open.key.sign(signature, DATA);
  const signLocked = () => locked.key.sign(signature, DATA, { pin: locked.pin });
  // A sign() that is not timed comes before each bare command: it loads the key where the TPM's few
  // slots have been taken meanwhile, and its last command, sent again, is the bare one.
  const bare = async () => {
    const { commands } = await tpm.record(signOpen);
    return timed(() => tpm.transmit(commands.at(-1)));
  };
  try {
    await signOpen();
    const { commands } = await tpm.record(signOpen);
    if (commands.length !== 1) throw new Error(`sign() sent ${commands.length} TPM commands`);
    const verifiedOnce = await measurePairs(pairs, () => timed(signOpen), bare);
    await signLocked();
    const pinEachCall = await measurePairs(pairs, () => timed(signLocked), bare);
    // Its commands cannot be sent again (a policy session has a nonce of its own each time), so here
    // both figures of a pair come from one call: all of it, and the time its commands took.
    await open.card.logout();
    const calls = [];
    for (let call = 0; call < pairs; call++) {
      const start = performance.now();
      const { commands: sent, elapsed } = await tpm.record(signLocked);
      calls.push({ whole: performance.now() - start, elapsed, count: sent.length });
    }
    const itsCommands = summary(
      calls.map(({ whole }) => whole),
      calls.map(({ elapsed }) => elapsed),
    );
    const commandCount = calls.at(-1).count;
    return { verifiedOnce, pinEachCall, itsCommands, commandCount };
  } finally {
    await tpm.manager.destroy(open.card.instanceId);
    await tpm.manager.destroy(locked.card.instanceId);
  }
}

async function makeKey(tpm, algorithm) {
  const pin = randomBytes(8).toString('hex');
  const card = await tpm.manager.create({ name: 'Bench', pin, adminKey: AdminKey.random() });
  return { pin, card, key: await card.createKey({ algorithm }, { pin }) };
}
