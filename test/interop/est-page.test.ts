import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { EstServer } from '../support/est-server.js';
import { Page } from '../support/page.js';
import { Pcscd } from '../support/pcscd.js';
import { randomPin } from '../support/store.js';

test('docs/est.md leads from nothing to a renewed certificate, as it stands', async () => {
  const pcscd = await Pcscd.start();
  const password = randomPin(12).toString();
  const server = await EstServer.start({ username: 'alice', password });
  const page = await Page.open('est.md');
  await page.publishTo(pcscd.places.directory);
  await writeFile(page.cli.path('root.pem'), server.ca.pem);
  await writeFile(page.cli.path('secrets.txt'), `${page.cli.pin}\n${password}\n`);
  expect(page.blocks).toHaveLength(2);
  await page.run((block) => block.replaceAll('PORT', String(server.port)));
  expect(await readFile(page.cli.path('ca.pem'), 'utf8')).toBe(server.ca.pem);
  const operations = server.asked.map(({ path, client }) => [path.split('/').at(-1), client]);
  expect(operations).toEqual([
    ['cacerts', undefined],
    ['simpleenroll', undefined],
    ['simpleenroll', undefined],
    ['simplereenroll', 'CN=alice'],
  ]);
});
