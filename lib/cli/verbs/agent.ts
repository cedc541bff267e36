import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { SshAgent } from '../../index.js';
import { agentQuestions } from '../agent-questions.js';
import { CliError } from '../failure.js';
import { COMMON_OPTIONS, INSTANCE_OPTION } from '../options.js';
import type { Result } from '../output.js';
import { parseTimeSpan } from '../time-span.js';
import type { Context, Verb } from '../verb.js';

export const agent: Verb = {
  name: 'agent',
  summary: "serve the cards' keys to ssh until it is stopped, or while a command runs",
  operands: '[-- COMMAND ARGUMENT...]',
  maxOperands: Number.POSITIVE_INFINITY,
  options: {
    ...COMMON_OPTIONS,
    ...INSTANCE_OPTION,
    socket: {
      takes: 'value',
      value: 'PATH',
      text: 'where it listens; on Windows a named pipe',
    },
    lifetime: {
      takes: 'value',
      value: 'TIME',
      text: 'how long a card stays unlocked after its PIN, for example 90s, 10m, 8h; default 10m',
    },
    confirm: { takes: 'nothing', text: 'ask before every signature' },
    'allow-sha1': { takes: 'nothing', text: 'sign with SHA-1 for old clients that ask for it' },
    shell: {
      takes: 'value',
      text: 'whose commands set SSH_AUTH_SOCK; default by SHELL',
      choices: ['sh', 'csh', 'powershell'],
    },
  },
  examples: [
    'agent',
    'agent --socket /run/user/1000/cards/agent.sock --lifetime 1h --confirm',
    'agent -- ssh alice@example.org',
  ],
  notes: [
    'The PIN is asked for by the program in SSH_ASKPASS, else on the terminal.',
    '"ssh-add -x" locks the agent, "ssh-add -D" has it forget the PINs.',
  ],
  run,
};

async function run(context: Context): Promise<Result> {
  const { args, output, secrets, openManager, signal } = context;
  const lifetime = args.value('lifetime');
  const lifetimeMs = lifetime === undefined ? undefined : parseTimeSpan(lifetime, 'lifetime');
  const [command, ...words] = args.operands;
  const { onPin, onConfirm } = agentQuestions(secrets, command !== undefined);
  const manager = await openManager();
  const options = {
    instanceId: args.value('instance'),
    socketPath: args.value('socket'),
    lifetimeMs,
    allowSha1: args.has('allow-sha1'),
    onPin,
    onConfirm: args.has('confirm') ? onConfirm : undefined,
    onWarning: ({ message }: Error) => output.warn(message),
  };
  const started = await SshAgent.start(manager, options);
  try {
    const { socketPath } = started;
    if (command !== undefined) {
      const exitCode = await runCommand(command, words, socketPath, signal);
      return { document: { socketPath, exitCode }, exitCode };
    }
    output.note(...shellLines(socketPath, args.value('shell') ?? defaultShell()));
    // What stops the program is how this verb ends.
    if (!signal.aborted) await once(signal, 'abort');
    return { document: { socketPath } };
  } finally {
    await started.close();
  }
}

/** What a shell evaluates to have its programs find the agent, in ssh-agent's form. */
function shellLines(socketPath: string, shell: string): string[] {
  if (shell === 'powershell') return [`$env:SSH_AUTH_SOCK = '${socketPath.replaceAll("'", "''")}'`];
  const isPlain = /^[\w/.:-]+$/.test(socketPath);
  const word = isPlain ? socketPath : `'${socketPath.replaceAll("'", "'\\''")}'`;
  if (shell === 'csh') return [`setenv SSH_AUTH_SOCK ${word};`];
  return [`SSH_AUTH_SOCK=${word}; export SSH_AUTH_SOCK;`];
}

function defaultShell(): string {
  if (process.platform === 'win32') return 'powershell';
  return process.env['SHELL']?.endsWith('csh') ? 'csh' : 'sh';
}

/** @returns the exit code as shells have it */
async function runCommand(
  command: string,
  words: readonly string[],
  socketPath: string,
  signal: AbortSignal,
): Promise<number> {
  const env = { ...process.env, SSH_AUTH_SOCK: socketPath };
  const child = spawn(command, words, { env, stdio: 'inherit' });
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, killedBy) =>
        resolve(code ?? 128 + (killedBy ? constants.signals[killedBy] : 0)),
      );
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('ERR_FILE_READ', `The command ${command} cannot be run: ${why}`, { cause });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
