import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { summary } from '../pairs.mjs';

const run = promisify(execFile);

/** SELECT of the application and what it is answered: nothing is asked of the TPM. */
const SELECT = '00A4040009A0000003974254465900';
const ANSWER = '61124F0BA00000039742544659020173034001C09000';

/**
 * One APDU's way from a program through pcscd to our card and back, against the same way to a card in
 * C++ that answers at once, in another slot of the same driver.
 */
export async function benchApdu({ programs, directory, reader, pairs }) {
  const responder = spawn(programs.responder, [join(directory, 'slot-9'), ANSWER]);
  try {
    const other = 'Virtual Smart Card 00 09';
    await inserted(other);
    await inserted(reader);
    const { stdout } = await run(programs.apdu_pairs, [reader, other, SELECT, String(pairs)], {
      maxBuffer: 1 << 26,
    });
    const times = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number));
    return summary(
      times.map(([one]) => one),
      times.map(([, two]) => two),
    );
  } finally {
    const exit = once(responder, 'exit');
    responder.kill();
    await exit;
  }
}

/** Waits until pcscd has noticed the card. */
export async function inserted(reader) {
  for (;;) {
    try {
      await run('opensc-tool', ['-r', reader, '-a']);
      return;
    } catch {
      // Not yet.
      await delay(50);
    }
  }
}
