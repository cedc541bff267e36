import type { SshKeyUse, SshPinRequest } from '../index.js';
import { wipe } from '../secret.js';
import { askpassHasDisplay, askpassProgram, runAskpass } from '../ssh/askpass.js';
import { confirmPrompt, pinPrompt } from '../ssh/prompts.js';
import { Turns } from '../turns.js';
import { usageError } from './failure.js';
import { Interrupted } from './interruption.js';
import type { SecretPrompt } from './prompt.js';

/** How the agent asks the person at the machine. */
export interface AgentQuestions {
  onPin(request: SshPinRequest): Promise<Buffer | undefined>;
  onConfirm(use: SshKeyUse): Promise<boolean>;
}

/**
 * Asks by the program that SSH_ASKPASS names; on the terminal where there is none, or where it has no
 * display and the terminal is free.
 *
 * @param isTerminalTaken - whether a command has the terminal
 * @throws CliError `ERR_USAGE` when nobody can be asked
 */
export function agentQuestions(secrets: SecretPrompt, isTerminalTaken: boolean): AgentQuestions {
  const program = askpassProgram(process.env);
  const isTerminalFree = secrets.hasTerminal && !isTerminalTaken;
  if (program !== undefined && (askpassHasDisplay(process.env) || !isTerminalFree)) {
    return byProgram(program);
  }
  const advice = 'Set SSH_ASKPASS to a program that asks for the PIN.';
  if (isTerminalTaken) throw usageError(`The command has the terminal. ${advice}`);
  if (!secrets.hasTerminal) throw usageError(`Standard input is not a terminal. ${advice}`);
  return onTerminal(secrets);
}

function byProgram(program: string): AgentQuestions {
  return {
    onPin: (request) =>
      runAskpass(program, `${pinPrompt(request)}: `, { kind: 'secret', signal: request.signal }),
    async onConfirm(use) {
      const asked = { kind: 'confirm', signal: use.signal } as const;
      const answer = await runAskpass(program, confirmPrompt(use), asked);
      // As OpenSSH has it: a program with buttons answers with its exit code alone.
      const isYes = answer !== undefined && /^(yes)?$/i.test(answer.toString());
      wipe(answer);
      return isYes;
    },
  };
}

/** Clients come at the same time; a terminal shows one question at a time. */
function onTerminal(secrets: SecretPrompt): AgentQuestions {
  const turns = new Turns();
  return {
    onPin: (request) =>
      turns.take(async () => {
        if (request.signal.aborted) return undefined;
        return unlessDeclined(async () => {
          const [pin] = await secrets.ask([{ name: pinPrompt(request) }], false);
          return pin;
        });
      }),
    onConfirm: (use) =>
      turns.take(async () => {
        if (use.signal.aborted) return false;
        const isYes = await unlessDeclined(() => secrets.confirm(confirmPrompt(use)));
        return isYes === true;
      }),
  };
}

/** Ctrl-C at a question says no to it; the agent goes on. */
async function unlessDeclined<Answer>(
  question: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof Interrupted) return undefined;
    throw error;
  }
}
