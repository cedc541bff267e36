import { mkdir, readdir } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { describeType, invalidArgument } from '../../errors.js';
import { stateError } from './state-error.js';

/** Where a store keeps what: every path of it is made here. */
export class StateDirectory {
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  /** The lock whose holder owns the store. */
  get lock(): string {
    return join(this.root, 'lock');
  }

  /** What the store has to remember about itself. */
  get settings(): string {
    return join(this.root, 'store.json');
  }

  /** State of the software TPM. */
  get tpm(): string {
    return join(this.root, 'tpm');
  }

  get cards(): string {
    return join(this.root, 'cards');
  }

  /** Number of the instance as the four digits of its id. */
  card(instance: number): string {
    return join(this.cards, `${digits(instance)}.card`);
  }

  /** NV indices that a change under way makes or removes. */
  intent(instance: number): string {
    return join(this.cards, `${digits(instance)}.intent`);
  }

  /** Makes the directories, readable by their owner only. */
  async prepare(): Promise<void> {
    await this.#make(this.cards);
  }

  /** Makes the directory of a software TPM's state. */
  async prepareTpm(): Promise<void> {
    await this.#make(this.tpm);
  }

  /** Instance numbers that have a file of that kind, ascending. */
  async instances(kind: 'card' | 'intent'): Promise<number[]> {
    const names = await this.#names();
    return names
      .map((name) => new RegExp(`^([0-9]{4})\\.${kind}$`).exec(name)?.[1])
      .filter((number) => number !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** Paths of temporary files that a killed writer left behind. */
  async leftovers(): Promise<string[]> {
    const names = await this.#names();
    return names.filter((name) => name.endsWith('.tmp')).map((name) => join(this.cards, name));
  }

  async #make(path: string): Promise<void> {
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw stateError(error, 'create', path);
    }
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.cards);
    } catch (error) {
      throw stateError(error, 'read', this.cards);
    }
  }
}

/**
 * The state directory to use: the caller's, else VIRTUAL_SMARTCARD_HOME, else the platform's folder
 * for a user's application data.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function locateStateDirectory(
  given: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (given !== undefined) {
    if (typeof given !== 'string' || given === '' || given.includes('\0')) {
      const actual = typeof given === 'string' ? 'an empty or unusable path' : describeType(given);
      throw invalidArgument('stateDirectory', 'the path of a directory', actual);
    }
    return given;
  }
  const home = environment['VIRTUAL_SMARTCARD_HOME'];
  if (home) return home;
  return join(applicationData(environment, platform), 'virtual-smartcard');
}

function applicationData(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === 'win32') {
    return environment['LOCALAPPDATA'] || join(homeDirectory(), 'AppData', 'Local');
  }
  if (platform === 'darwin') return join(homeDirectory(), 'Library', 'Application Support');
  // A relative one is to be ignored (XDG Base Directory Specification).
  const data = environment['XDG_DATA_HOME'];
  return data && isAbsolute(data) ? data : join(homeDirectory(), '.local', 'share');
}

/** With an empty or relative HOME it would depend on the working directory which cards there are. */
function homeDirectory(): string {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : userInfo().homedir;
  } catch {
    // Node has no more to say than that the user, often a container's, is not in /etc/passwd.
    throw invalidArgument(
      'stateDirectory',
      'the path of a directory, here or in VIRTUAL_SMARTCARD_HOME,',
      'none, from a user who has no home directory',
    );
  }
}

function digits(instance: number): string {
  return String(instance).padStart(4, '0');
}
