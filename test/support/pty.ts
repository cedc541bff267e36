import { spawn } from 'node:child_process';

/**
 * Runs a program on a pseudo-terminal that it controls, as if typed into a shell.
 *
 * Python's standard library has the pseudo-terminal that Node lacks. The script copies what the
 * terminal shows to its own standard output, and types what comes on its standard input.
 */
const SCRIPT = `
import os, pty, select, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
open_input = True
while True:
    ready, _, _ = select.select([terminal, 0] if open_input else [terminal], [], [])
    if terminal in ready:
        try:
            shown = os.read(terminal, 65536)
        except OSError:
            break
        if not shown:
            break
        os.write(1, shown)
    if open_input and 0 in ready:
        typed = os.read(0, 65536)
        if typed:
            os.write(terminal, typed)
        else:
            open_input = False
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
`;

/** What is typed once the terminal shows something. */
export interface Keystrokes {
  /** Text that the terminal shows after the keys before these were typed. */
  after: string | RegExp;
  type: string | Uint8Array;
}

/** How a program on a pseudo-terminal ended. */
export interface TerminalSession {
  /** Everything that the terminal showed, with \r\n line ends. */
  transcript: string;
  exitCode: number;
}

/** @param dialogue - what to type, in order; the whole of it must come about */
export async function runInTerminal(
  command: readonly string[],
  dialogue: readonly Keystrokes[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<TerminalSession> {
  const child = spawn('python3', ['-c', SCRIPT, ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 60_000,
    ...options,
  });
  const steps = [...dialogue];
  let transcript = '';
  let seen = 0;
  child.stdin.on('error', () => {
    transcript += '\r\n[the program ended before everything was typed]\r\n';
  });
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (shown: string) => {
    transcript += shown;
    const step = steps[0];
    if (!step) return;
    const found = position(transcript.slice(seen), step.after);
    if (found < 0) return;
    seen += found;
    steps.shift();
    child.stdin.write(step.type);
  });
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
  if (steps.length > 0) {
    throw new Error(`never shown: ${String(steps[0]?.after)}\ntranscript:\n${transcript}`);
  }
  return { transcript, exitCode };
}

/** Where the text after the match begins; -1 without a match. */
function position(text: string, wanted: string | RegExp): number {
  if (typeof wanted === 'string') {
    const at = text.indexOf(wanted);
    return at < 0 ? -1 : at + wanted.length;
  }
  const match = wanted.exec(text);
  return match ? match.index + match[0].length : -1;
}
