import { CHAINING_BIT, Instruction, StatusWord, statusWordOf } from '../gids/apdu.js';
import type { ApduChannel } from '../gids/channel.js';
import { type Purpose, statusError } from '../gids/status-error.js';
import type { CardIdentity } from './audited-backend.js';
import { type ChannelAct, type CommandHead, channelActOf, headOf } from './channel-acts.js';
import type { AuditEvent } from './event.js';
import { withMethods } from './pass-through.js';
import { type ActRecorder, failureOf } from './recorder.js';

/**
 * A channel whose commands are recorded where they change the card, or give a wrong credential. What they
 * hold besides their header and the tags of what they name is not looked at.
 *
 * @param card - which card it is
 */
export function auditedChannel(
  channel: ApduChannel,
  recorder: ActRecorder,
  card: CardIdentity,
): ApduChannel {
  /** How the first part of a chained command begins: it says what the command is about. */
  let begun: CommandHead | undefined;
  /** File that was selected by its identifier last: DELETE FILE deletes that. */
  let selected: string | undefined;
  let failure: unknown;

  const tell = async (act: ChannelAct, response: Buffer, durationMs: number): Promise<void> => {
    const result = resultOf(response, act.purpose, failure);
    if (act.onlyFailed && result.outcome === 'ok') return;
    const { name, object } = act;
    const about = object === undefined ? {} : { object };
    await recorder.tell({ act: name, ...card, ...about, ...result, durationMs });
  };

  return withMethods(channel, {
    transmit: async (command) => {
      const isPart = ((command[0] ?? 0) & CHAINING_BIT) !== 0;
      const head = begun ?? headOf(command);
      begun = isPart ? head : undefined;
      const ins = command[1];
      const act = isPart || !head ? undefined : channelActOf(head, selected);
      const start = performance.now();
      const response = await channel.transmit(command);
      failure = channel.takeFailure?.();
      const isDone = statusWordOf(response) === StatusWord.SUCCESS;
      if (ins === Instruction.SELECT && isDone) selected = selectedFile(command);
      if (act) await tell(act, response, Math.round(performance.now() - start));
      return response;
    },
    takeFailure: () => {
      const taken = failure;
      failure = undefined;
      return taken;
    },
  });
}

/** SELECT by identifier, P1 00: the file's; undefined when something else is selected. */
function selectedFile(command: Uint8Array): string | undefined {
  const [, , p1, , length] = command;
  if (p1 !== 0x00 || length !== 2) return undefined;
  return Buffer.from(command.subarray(5, 7)).toString('hex').toUpperCase();
}

/** How a command ended: as the host's side of the card edge would tell it. */
function resultOf(
  response: Uint8Array,
  purpose: Purpose,
  failure: unknown,
): Pick<AuditEvent, 'outcome' | 'triesLeft'> {
  const status = statusWordOf(response) ?? 0;
  const isDone = status === StatusWord.SUCCESS || (status & 0xff00) === StatusWord.MORE_DATA;
  return isDone ? { outcome: 'ok' } : failureOf(statusError(status, purpose, failure));
}
