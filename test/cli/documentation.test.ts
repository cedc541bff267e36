import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Arguments } from '../../lib/cli/arguments.js';
import { verbHelp } from '../../lib/cli/help-text.js';
import { findVerb, VERBS } from '../../lib/cli/verbs.js';
import { INF_KEYS } from '../../lib/enroll/inf-keys.js';
import { CommandLine, PROGRAM, runProgram } from '../support/cli.js';
import { randomPin } from '../support/store.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/cli.md', import.meta.url));
const REQUEST = fileURLToPath(new URL('../../examples/request.inf', import.meta.url));

describe('docs/cli.md', () => {
  it('has a session that runs as it stands', async () => {
    const cli = await CommandLine.start();
    const [newPin, puk] = [randomPin(), randomPin(10)];
    const files = {
      'pin.txt': `${cli.pin}\n`,
      'pin-and-puk.txt': `${cli.pin}\n${puk}\n`,
      'old-and-new.txt': `${cli.pin}\n${newPin}\n`,
      'puk-and-new.txt': `${puk}\n${newPin}\n`,
      'contract.txt': 'what was agreed',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(cli.path(name), text);
    await copyFile(REQUEST, cli.path('request.inf'));
    await mkdir(cli.path('bin'));
    await symlink(PROGRAM, cli.path('bin/virtual-smartcard'));
    const env = { ...cli.env, PATH: `${cli.path('bin')}:${process.env['PATH']}` };

    const blocks = [...(await readFile(DOCUMENT, 'utf8')).matchAll(/```sh\n([\s\S]*?)```/g)];
    expect(blocks.length).toBeGreaterThan(8);
    for (const [, script = ''] of blocks) {
      const options = { env, cwd: cli.folder };
      const { exitCode, stderr } = await runProgram(['sh', '-ec', script], options);
      expect(exitCode, `${script}\n${stderr}`).toBe(0);
    }
    expect(await cli.json(['list'])).toEqual({ cards: [] });
  });

  it('has a section for every verb, which names it', async () => {
    const sections = (await readFile(DOCUMENT, 'utf8')).split(/^## /m).slice(1);
    const missing = VERBS.filter(({ name }) => {
      const [verb = ''] = name.split(' ');
      const headed = ([heading = '']: string[]) => heading.split(', ').includes(verb);
      return !sections.some((section) => headed(section.split('\n')) && section.includes(name));
    });
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it('has a table of the keys of an INF', async () => {
    const rows = (await readFile(DOCUMENT, 'utf8')).match(/^\| `[A-Z].* \|.*$/gm) ?? [];
    const keys = rows.flatMap((row) => row.split(' | ')[0]?.match(/[A-Za-z0-9]+/g) ?? []);
    expect(keys.filter((key) => !key.startsWith('ERR')).sort()).toEqual(
      expect.arrayContaining([...INF_KEYS.values()].map(({ name }) => name).sort()),
    );
  });
});

describe('the help text', () => {
  it.each(VERBS.map((verb) => [verb.name, verb] as const))(
    'of %s has examples that are taken',
    (_name, verb) => {
      for (const example of verb.examples) {
        const words = example.replace(/ < \S+$/, '').match(/"[^"]*"|\S+/g) ?? [];
        const { verb: found, rest } = findVerb(words.map((word) => word.replaceAll('"', '')));
        expect(found).toBe(verb);
        Arguments.parse(rest, found.options, found.maxOperands);
      }
      const help = verbHelp(verb).join('\n');
      for (const name of Object.keys(verb.options)) expect(help).toContain(`--${name}`);
    },
  );
});
