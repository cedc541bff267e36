import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPcscAddon } from '../../lib/native-pcsc.js';
import { until } from '../support/pcsc.js';
import { INSTANCE_ID, publishedCard, READER } from '../support/pcsc-card.js';

/** PCSCLITE_MAX_READERS_CONTEXTS: our ten slots and, with two slots each, three readers of vpcd's. */
const MOST_READERS = 16;
const FIRST_PORTS = [21_100, 21_110, 21_120];

test('with as many readers as pcscd takes, cards are seen to come and go', async () => {
  const { manager, publication, pcscd, maker } = await publishedCard();
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
  const next = async () => (await watch.next()).value;
  const card = { instanceId: INSTANCE_ID, name: READER };
  await publication.close();
  expect(await next()).toEqual({ type: 'removed', ...card });
  await maker.publish({ directory: pcscd.places.directory });
  expect(await next()).toEqual({ type: 'added', ...card });
  await pcscd.stop();
  expect(await next()).toEqual({ type: 'removed', ...card });
  await pcscd.run();
  expect(await next()).toEqual({ type: 'added', ...card });
  await watch.close();
});
