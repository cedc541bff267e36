import { expect, test } from 'vitest';
import { Page } from '../support/page.js';
import { Pcscd } from '../support/pcscd.js';
import { Sshd } from '../support/sshd.js';

test('docs/ssh.md leads from nothing to ssh, as it stands', async () => {
  const pcscd = await Pcscd.start();
  const page = await Page.open('ssh.md');
  await page.publishTo(pcscd.places.directory);
  // The page's machine: who has the key in the page's file gets in.
  const sshd = await Sshd.start({ authorizedKeys: page.cli.path('card.pub') });
  await page.program('ssh', `exec /usr/bin/ssh ${sshd.options.join(' ')} "$@"`);
  expect(page.blocks.length).toBeGreaterThan(4);
  await page.run();
  const accepted = sshd.log.split('\n').filter((line) => line.startsWith('Accepted publickey'));
  const logins = page.blocks.join('').match(/ssh (-I \S+ )?example\.org/g) ?? [];
  expect(logins).toHaveLength(6);
  expect(accepted).toHaveLength(logins.length);
});
