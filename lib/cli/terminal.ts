import { closeSync, openSync, writeSync } from 'node:fs';

const TERMINAL_PATH = process.platform === 'win32' ? '\\\\.\\CONOUT$' : '/dev/tty';

/**
 * What writes prompts to the terminal. They go to standard error when that is the terminal, else to
 * the terminal itself, so that they are neither lost nor mixed into a result or a log.
 */
export function terminalWriter(stderr: NodeJS.WriteStream): (text: string) => void {
  if (stderr.isTTY) return (text) => stderr.write(text);
  return (text) => {
    const terminal = openTerminal();
    if (terminal === undefined) {
      stderr.write(text);
      return;
    }
    writeSync(terminal, text);
    closeSync(terminal);
  };
}

function openTerminal(): number | undefined {
  try {
    return openSync(TERMINAL_PATH, 'w');
  } catch {
    return undefined; // A process without a controlling terminal.
  }
}
