// Loaded before the program (node --import): interrupts it right before its n-th write to a card, a
// new file or a removal. VSC_TEST_INTERRUPT has `at`, counted from 1; `signal`; `mark`, a file that is
// made then; and with `holds` the write never comes, so that a second signal finds the program at it.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { at, signal, mark, holds } = JSON.parse(process.env.VSC_TEST_INTERRUPT);
const SECOND_SIGNAL_MS = 1_200;
let count = 0;

function interruptBefore(name, isWrite) {
  const original = fs.promises[name];
  fs.promises[name] = async (...args) => {
    if (/[\\/]cards[\\/]/.test(String(args[0])) && isWrite(args)) {
      count += 1;
      if (count === at) {
        fs.writeFileSync(mark, '');
        process.kill(process.pid, signal);
        if (holds) {
          setTimeout(() => process.kill(process.pid, signal), SECOND_SIGNAL_MS);
          // Kept alive as by a call into the system that does not come back.
          setInterval(() => undefined, SECOND_SIGNAL_MS);
          await new Promise(() => undefined);
        }
        // The handler has run when the write begins.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    return original(...args);
  };
}

interruptBefore('open', ([, flags]) => flags !== undefined && flags !== 'r');
interruptBefore('rm', () => true);
syncBuiltinESMExports();
