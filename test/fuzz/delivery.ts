import type { SeededRandom } from '../support/random.js';
import { type Command, putTogether } from './command.js';
import { mutateBytes } from './mutations.js';

const CHAINING = 0x10;
const LONGEST = 65535;

/** An APDU, and whether it goes to another channel than the rest of the command. */
export interface Sending {
  apdu: Buffer;
  elsewhere?: true;
}

/** Cuts a command into APDUs: short, extended, in a chain of parts, and every way to do it wrong. */
export function deliver(random: SeededRandom, command: Command, other: Command): Sending[] {
  const { data } = command;
  if (data.length > LONGEST) return chain(random, command, LONGEST);
  switch (random.below(24)) {
    case 0:
    case 1:
      return [{ apdu: putTogether(command, 'extended') }];
    case 2:
    case 3:
      return chain(random, command, 1 + random.below(255));
    case 4:
      return chain(random, command, 1 + random.below(300), 'extended');
    case 5:
      // The last part never comes.
      return chain(random, command, 1 + random.below(64)).slice(0, -1);
    case 6:
      return interrupted(random, command, { apdu: putTogether(fitting(other)) });
    case 7:
      return interrupted(random, command, { apdu: Buffer.from('00C0000000', 'hex') });
    case 8: {
      const elsewhere = true as const;
      return interrupted(random, command, { apdu: putTogether(fitting(other)), elsewhere });
    }
    case 9: {
      const part = { ...fitting(other), cla: CHAINING };
      return interrupted(random, command, { apdu: putTogether(part) });
    }
    case 10:
      return [{ apdu: mutateBytes(random, putTogether(command)) }];
    default:
      return data.length > 255 ? chain(random, command, 255) : [{ apdu: putTogether(command) }];
  }
}

function chain(
  random: SeededRandom,
  command: Command,
  block: number,
  form: 'short' | 'extended' = 'short',
): Sending[] {
  const { data } = command;
  const sendings: Sending[] = [];
  // Short commands are cut too, and a long one into no more parts than a minute's worth.
  const size = Math.max(
    Math.min(block, Math.ceil(data.length / 2)),
    Math.ceil(data.length / 40),
    1,
  );
  for (let at = 0; at < data.length || at === 0; at += size) {
    const isLast = at + size >= data.length;
    const part = { ...command, data: data.subarray(at, at + size) };
    const ne = isLast || random.below(8) === 0 ? command.ne : undefined;
    const cla = isLast ? command.cla : command.cla | CHAINING;
    sendings.push({ apdu: putTogether({ ...part, cla, ne }, form) });
  }
  return sendings;
}

/** Something else comes in between the parts. */
function interrupted(random: SeededRandom, command: Command, intruder: Sending): Sending[] {
  const parts = chain(random, command, 1 + random.below(255));
  parts.splice(1 + random.below(parts.length), 0, intruder);
  return parts;
}

function fitting(command: Command): Command {
  return command.data.length > LONGEST
    ? { ...command, data: command.data.subarray(0, 255) }
    : command;
}
