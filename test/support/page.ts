import { chmod, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { CommandLine, PROGRAM } from './cli.js';
import { runInTerminal } from './pty.js';

/** What a block's comments say of the PINs that it asks for. */
const ASKS = /# asks for the PIN( twice)?$/gm;

/**
 * A page of the documentation whose `sh` blocks are run as they stand, on a terminal and in one
 * folder. Where a comment says that the PIN is asked for, it is typed when the terminal asks.
 */
export class Page {
  readonly cli: CommandLine;
  readonly blocks: readonly string[];
  readonly #variables: NodeJS.ProcessEnv;

  private constructor(cli: CommandLine, blocks: readonly string[]) {
    this.cli = cli;
    this.blocks = blocks;
    this.#variables = {
      ...cli.env,
      PATH: `${cli.folder}:${process.env['PATH']}`,
      SSH_ASKPASS: cli.path('askpass'),
    };
    delete this.#variables['SSH_AUTH_SOCK'];
    delete this.#variables['SSH_ASKPASS_REQUIRE'];
  }

  /** @param name - of the file in docs */
  static async open(name: string): Promise<Page> {
    const file = fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
    const text = await readFile(file, 'utf8');
    const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
    const page = new Page(await CommandLine.start(), blocks);
    await page.program('askpass', `echo ${page.cli.pin}`);
    return page;
  }

  /** Puts a program where the blocks find it first. */
  async program(name: string, script: string): Promise<void> {
    await writeFile(this.cli.path(name), `#!/bin/sh\n${script}\n`);
    await chmod(this.cli.path(name), 0o755);
  }

  /** Has `virtual-smartcard publish` and `serve --publish` put the cards into the readers of that directory. */
  async publishTo(directory: string): Promise<void> {
    const program = `"${process.execPath}" "${PROGRAM}" "$@"`;
    const publish = `case "$1 $2" in publish*|*--publish) exec ${program} --directory "${directory}";; esac`;
    await this.program('virtual-smartcard', `${publish}\nexec ${program}`);
  }

  /**
   * Runs all blocks, each of which has to end well.
   *
   * @param change - what stands for something else in the page
   */
  async run(change: (block: string) => string = (block) => block): Promise<void> {
    for (const block of this.blocks) {
      const prompts = [...block.matchAll(ASKS)].flatMap(([, twice]) => (twice ? [1, 2] : [1]));
      const { exitCode, transcript } = await runInTerminal(
        ['sh', '-ec', change(block)],
        prompts.map(() => ({ after: /(PIN|passphrase)[^\n]*: ?$/, type: `${this.cli.pin}\r` })),
        { env: this.#variables, cwd: this.cli.folder },
      );
      expect(exitCode, `${block}\n${transcript}`).toBe(0);
    }
  }
}
