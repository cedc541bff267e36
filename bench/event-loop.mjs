import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { AdminKey } from '../dist/index.js';

const NANOSECONDS = 1e6;
const RESOLUTION_MS = 1;

/**
 * Delay of the event loop while RSA keys are made, and while 100 signatures at a time are: what a
 * timer is late by, in milliseconds (the histogram counts from one timer to the next, so the timer's
 * own period is taken off).
 */
export async function benchEventLoop(tpm, { keys, rounds }) {
  const pin = '12345678';
  const card = await tpm.manager.create({ name: 'Bench', pin, adminKey: AdminKey.random() });
  try {
    await card.verifyPin(pin);
    const rsa = await card.createKey({ algorithm: 'RSA-2048' });
    const ec = await card.createKey({ algorithm: 'EC-P256' });
    const idle = await watched(() => delay(1000));
    const keyGeneration = await watched(async () => {
      for (let made = 0; made < keys; made++) {
        const key = await card.createKey({ algorithm: 'RSA-2048' });
        await key.delete();
      }
    });
    const parallelSigns = await watched(async () => {
      for (let round = 0; round < rounds; round++) {
        await Promise.all(
          Array.from({ length: 100 }, (_, at) =>
            at % 2 === 0 ? rsa.sign('RSA-SHA256', 'data') : ec.sign('ECDSA-SHA256', 'data'),
          ),
        );
      }
    });
    return { idle, keyGeneration, parallelSigns };
  } finally {
    await tpm.manager.destroy(card.instanceId);
  }
}

async function watched(work) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  await work();
  histogram.disable();
  const late = (nanoseconds) => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS);
  return {
    samples: histogram.count,
    median: late(histogram.percentile(50)),
    p99: late(histogram.percentile(99)),
    max: late(histogram.max),
  };
}
