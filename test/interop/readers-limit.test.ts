import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'vitest';
import { loadPcscAddon } from '../../lib/native-pcsc.js';
import { until } from '../support/pcsc.js';
import { expectSeenComingAndGoing, publishedCard } from '../support/pcsc-card.js';

/** PCSCLITE_MAX_READERS_CONTEXTS: our ten slots and, with two slots each, three readers of vpcd's. */
const MOST_READERS = 16;
const FIRST_PORTS = [21_100, 21_110, 21_120];

test('with as many readers as pcscd takes, cards are seen to come and go', async () => {
  const published = await publishedCard();
  const { manager, pcscd } = published;
  await pcscd.stop();
  for (const port of FIRST_PORTS) {
    const channel = `0x${port.toString(16)}`;
    const lines = [
      `FRIENDLYNAME "Other ${port}"`,
      `DEVICENAME /dev/null:${channel}`,
      'LIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so',
      `CHANNELID ${channel}`,
    ];
    await writeFile(join(pcscd.places.configDirectory, `other-${port}`), `${lines.join('\n')}\n`);
  }
  await pcscd.run();
  const readers = () => loadPcscAddon().listReaders().result;
  await until(async () => (await readers()).length === MOST_READERS);
  await until(async () => (await manager.list()).length === 1);

  const watch = await manager.watch();
  await expectSeenComingAndGoing(published, watch);
  await watch.close();
});
