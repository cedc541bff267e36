import { setImmediate } from 'node:timers/promises';
import type { OpenOptions, VirtualSmartCardManager } from '../index.js';
import { Arguments } from './arguments.js';
import { describeError } from './describe-error.js';
import { CliError, usageError } from './failure.js';
import { overview, verbHelp } from './help-text.js';
import { ENDED_AT_ONCE, type Stage, stageOf } from './interrupted-work.js';
import { Interruption } from './interruption.js';
import { Output } from './output.js';
import { SecretPrompt } from './prompt.js';
import { type InputStream, StandardInput } from './standard-input.js';
import { terminalWriter } from './terminal.js';
import type { Verb } from './verb.js';
import { findVerb, VERBS } from './verbs.js';
import { watchWarnings } from './warnings.js';

/** The world around the program. */
export interface Environment {
  stdin: InputStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: NodeJS.ProcessEnv;
  open(options: OpenOptions): Promise<VirtualSmartCardManager>;
}

/**
 * Carries out one command line, given without the program's name.
 *
 * @returns the exit code
 */
export async function run(words: readonly string[], environment: Environment): Promise<number> {
  // A reader that has gone is found when a result is written; without a listener it ends the process.
  for (const stream of [environment.stdout, environment.stderr]) {
    stream.on('error', () => undefined);
  }
  const output = new Output(environment, {
    json: words.some((word) => /^(--|-|\/)json$/i.test(word)),
    quiet: words.some((word) => /^(--quiet|--silent|[-/](q|quiet|silent))$/i.test(word)),
  });
  const { signal } = new Interruption(() => {
    const text = `virtual-smartcard: ${ENDED_AT_ONCE}`;
    output.error({ code: 'ERR_ABORTED', message: ENDED_AT_ONCE }, [text]);
  });
  const work: Work = { stage: undefined, signal };
  const unwatch = watchWarnings((text) => output.warn(text));
  try {
    if (words.length === 0) throw noVerb(output);
    const { verb, rest } = findVerb(words);
    const args = Arguments.parse(rest, verb.options, verb.maxOperands);
    work.stage = stageOf(verb.name);
    return await perform(verb, args, output, work, environment);
  } catch (error) {
    // There is nobody to tell it to.
    if (error instanceof CliError && error.code === 'ERR_READER_GONE') return 1;
    await warningsArrived();
    const debug = environment.env['VIRTUAL_SMARTCARD_DEBUG'] === '1';
    const described = describeError(error, { debug, ...work });
    output.error(described.document, described.lines);
    return described.exitCode;
  } finally {
    unwatch();
  }
}

/** What the program is at, and whether it was interrupted. */
interface Work {
  stage: Stage | undefined;
  readonly signal: AbortSignal;
}

/** @returns the exit code */
async function perform(
  verb: Verb,
  args: Arguments,
  output: Output,
  work: Work,
  environment: Environment,
): Promise<number> {
  if (args.has('help')) {
    const lines = verbHelp(verb);
    await output.result({ document: { help: lines.join('\n') }, lines });
    return 0;
  }
  const { signal } = work;
  const input = new StandardInput(environment.stdin);
  let manager: VirtualSmartCardManager | undefined;
  let done = false;
  try {
    const result = await verb.run({
      args,
      output,
      signal,
      at: (stage) => {
        work.stage = stage;
      },
      openOptions: () => storeOptions(args, environment.env),
      secrets: new SecretPrompt(input, terminalWriter(environment.stderr), signal),
      openManager: async (options) => {
        manager ??= await environment.open({ ...storeOptions(args, environment.env), ...options });
        signal.throwIfAborted();
        return manager;
      },
    });
    await warningsArrived();
    await output.result(result);
    done = true;
    return result.exitCode ?? 0;
  } finally {
    input.release();
    await manager?.close().catch((error: unknown) => {
      // After a failure it is the failure that counts.
      if (done) throw error;
    });
  }
}

/** Node hands process warnings over a moment after they were given. */
async function warningsArrived(): Promise<void> {
  await setImmediate();
}

function storeOptions(args: Arguments, env: NodeJS.ProcessEnv): OpenOptions {
  const file = args.value('audit') ?? (env['VIRTUAL_SMARTCARD_AUDIT'] || undefined);
  return {
    audit: file === undefined ? undefined : { file },
    // One of its choices.
    backend: args.valueIfOffered('backend') as OpenOptions['backend'],
    stateDirectory: args.value('state-directory'),
    tpm: args.value('tpm'),
    certificateStore: certificateStore(args.value('certificate-store')),
  };
}

/** Choices come in lower case. */
function certificateStore(choice: string | undefined): OpenOptions['certificateStore'] {
  if (choice === undefined) return undefined;
  return choice === 'none' ? 'none' : 'currentUser';
}

function noVerb(output: Output): CliError {
  if (output.mode.json) return usageError('A verb is missing.');
  return usageError(`A verb is missing.\n\n${overview(VERBS).join('\n')}\n`);
}
