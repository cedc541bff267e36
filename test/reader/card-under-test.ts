import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AdminKey,
  type VirtualSmartCard,
  VirtualSmartCardError,
  VirtualSmartCardManager,
} from '../../lib/index.js';
import { runProgram } from '../support/cli.js';

/** Begins the name of everything that the tests put on the card. */
export const OURS = 'vsc-test ';

/** Needs --reader, VSC_CARD_PIN and VSC_CARD_ADMIN_KEY, as `main.mjs` has checked them. */
function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run "npm run test:reader".`);
  return value;
}

/** The GIDS card that whoever runs the tests has named, as our API and as OpenSC sees it. */
export class CardUnderTest {
  readonly reader = setting('VSC_CARD_READER');
  readonly pin = setting('VSC_CARD_PIN');
  readonly adminKey = AdminKey.fromHex(setting('VSC_CARD_ADMIN_KEY'));
  readonly manager: VirtualSmartCardManager;
  /** Where the tests keep their files. */
  readonly folder: string;

  private constructor(manager: VirtualSmartCardManager, folder: string) {
    this.manager = manager;
    this.folder = folder;
  }

  static async open(): Promise<CardUnderTest> {
    const manager = await VirtualSmartCardManager.open({ backend: 'pcsc' });
    return new CardUnderTest(manager, await mkdtemp(join(tmpdir(), 'vsc-reader-')));
  }

  async close(): Promise<void> {
    await this.manager.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A fresh connection. */
  card(): Promise<VirtualSmartCard> {
    return this.manager.card(this.reader);
  }

  /** Path of a file of the tests. */
  path(name: string): string {
    return join(this.folder, name);
  }

  async file(name: string, content: string | Uint8Array): Promise<string> {
    await writeFile(this.path(name), content);
    return this.path(name);
  }

  /** Runs a program that must end well, and gives what it wrote. */
  async run(...command: string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await runProgram(command);
    // The command line has the PIN.
    if (exitCode !== 0)
      throw new Error(`${command[0]} ended with ${exitCode}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** A program of OpenSC's on this reader. */
  openSc(program: string, ...words: string[]): Promise<string> {
    return this.run(program, '--reader', this.reader, ...words);
  }

  pkcs15Init(...words: string[]): Promise<string> {
    const asUser = ['--verify-pin', '--auth-id', '80', '--pin', this.pin];
    return this.openSc('pkcs15-init', ...asUser, ...words);
  }

  /**
   * Sets it up by OpenSC when it is blank, requires that PIN and admin key are its own, and removes
   * what tests before have left.
   */
  async prepare(): Promise<void> {
    const { state } = await this.manager.info(this.reader);
    if (state === 'blank') await this.#initialize();
    const card = await this.card();
    await card.verifyAdminKey(this.adminKey);
    await card.verifyPin(this.pin);
    for (const { name } of await card.containers()) {
      if (name.startsWith(OURS)) await card.deleteKey(name);
    }
    console.log(await card.info());
    await card.close();
  }

  async #initialize(): Promise<void> {
    const serial = crypto.randomUUID().replaceAll('-', '');
    const secrets = ['--pin', this.pin, '--admin-key', this.adminKey.exportHex()];
    await this.openSc('gids-tool', '--initialize', ...secrets, '--serial-number', serial);
    const { cardId, state } = await this.manager.info(this.reader);
    // gids-tool ends with 0 whatever came of it.
    if (state !== 'ready' || cardId?.replaceAll('-', '') !== serial) {
      throw new Error('gids-tool could not set the card up.');
    }
  }
}

/** What the call gives; undefined when it is refused by one of these codes. */
export async function unless<T>(codes: string[], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (!VirtualSmartCardError.is(error) || !codes.includes(error.code)) throw error;
    return undefined;
  }
}
