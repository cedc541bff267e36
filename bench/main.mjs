import { cpus } from 'node:os';
import { benchCreateCard } from './create-card.mjs';
import { benchEventLoop } from './event-loop.mjs';
import { benchImport } from './import-time.mjs';
import { benchMemory } from './memory.mjs';
import { RecordedTpm } from './recorded-tpm.mjs';
import { line } from './report.mjs';
import { benchSign } from './sign.mjs';

/** `npm run bench`: everything in one run, on one software TPM. `npm run bench -- 100` for fewer pairs. */
const pairs = Number(process.argv[2] ?? 500);

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores`,
);
const tpm = await RecordedTpm.open();
const status = await tpm.manager.tpmStatus();
console.log(`TPM ${status.address} (${status.manufacturer}, firmware ${status.firmwareVersion})\n`);
try {
  for (const [algorithm, signature] of [
    ['RSA-2048', 'RSA-SHA256'],
    ['EC-P256', 'ECDSA-SHA256'],
  ]) {
    const result = await benchSign(tpm, { pairs, algorithm, signature });
    line(`sign ${algorithm}, PIN verified once`, result.verifiedOnce);
    line(`sign ${algorithm}, pin on each call`, result.pinEachCall);
    const commands = `its ${result.commandCount} TPM commands`;
    line(`sign ${algorithm}, pin on each call / ${commands}`, result.itsCommands);
  }
  const created = await benchCreateCard(tpm, { pairs });
  line('create card', created, `, ${created.commands} TPM commands`);
  const delays = await benchEventLoop(tpm, { keys: 20, rounds: 20 });
  for (const [name, { median, p99, max, samples }] of Object.entries(delays)) {
    console.log(
      `event loop late, ${name.padEnd(14)} median ${median.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ` +
        `max ${max.toFixed(2)} ms (${samples} samples)`,
    );
  }
  const memory = await benchMemory(tpm, { cards: 1000 });
  console.log(
    `memory per open card ${memory.bytesPerCard.toFixed(0)} bytes (slope over ${memory.cards})`,
  );
} finally {
  await tpm.close();
}
line('import the package', await benchImport({ pairs }), ' (process with import against without)');
