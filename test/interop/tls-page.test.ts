import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Page } from '../support/page.js';
import { Pcscd } from '../support/pcscd.js';
import { freePort } from '../support/sshd.js';

test('docs/tls.md leads from nothing to a client certificate, as it stands', async () => {
  const pcscd = await Pcscd.start();
  const page = await Page.open('tls.md');
  await page.publishTo(pcscd.places.directory);
  const port = String(await freePort());
  expect(page.blocks.length).toBeGreaterThan(4);
  await page.run((block) => block.replaceAll('PORT', port));
  for (const file of ['s_client.txt', 'curl.txt']) {
    const answer = await readFile(page.cli.path(file), 'utf8');
    expect(answer).toMatch(/Client certificate[\s\S]*Subject: CN *= *Alice/);
    expect(answer).toMatch(/TLSv1\.2/);
  }
});
