import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildDoubles, DOUBLES, REGISTRY } from '../doubles/build.mjs';
import { buildCom, CLIENT, PROXY, RANDOM, RESOURCES, SERVER } from './build-com.mjs';
import { buildKeyClient, KEY_CLIENT } from './build-key-client.mjs';
import { ForwarderProcess } from './forwarder-process.mjs';
import { LabLock } from './lab-lock.mjs';
import { installPackages } from './packages.mjs';
import { BUILD, NEXT_PACKAGES, nodeForWindows, PACKAGES, PROGRAMS, SOURCES } from './paths.mjs';
import { DEBIAN_WINE, WinePrefix } from './wine-prefix.mjs';

/** Where the doubles look for the forwarder's port. */
const REGISTRY_KEY = 'Software\\VirtualSmartCardLab';

/** What a lab is made of; this is the main one. */
export const DEBIAN_12 = {
  name: 'wine-8',
  wine: DEBIAN_WINE,
  /** The majors of Node for Windows that run on it. */
  versions: [20, 22],
};

/**
 * A machine with Windows, as far as this library can tell: Wine, Node for Windows, and doubles for
 * what Wine lacks, with a real TPM behind them.
 *
 * @example
 * ```js
 * const lab = await WindowsLab.start();
 * try {
 *   process.exitCode = await lab.node(20, ['script.mjs']);
 * } finally {
 *   await lab.end();
 * }
 * ```
 */
export class WindowsLab {
  #prefix;
  #forwarder;
  #lock;

  /** Installs what runs inside, as far as it is missing. */
  static install({ install, versions } = DEBIAN_12) {
    install?.();
    // The two kinds share vitest.
    const isNext = versions.every((version) => !DEBIAN_12.versions.includes(version));
    installPackages(SOURCES, PACKAGES, isNext ? [] : versions);
    if (isNext) installPackages(join(SOURCES, 'next'), NEXT_PACKAGES, versions);
  }

  /** Installs and builds what is missing, starts Wine and the forwarder. */
  static async start(kind = DEBIAN_12) {
    const { name, wine } = kind;
    const directory = join(BUILD, process.env.VSC_WINDOWS_LAB ?? name);
    WindowsLab.install(kind);
    const lock = new LabLock(directory);
    const lab = new WindowsLab(new WinePrefix(directory, wine), lock);
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.once(signal, () => lab.end().finally(() => process.kill(process.pid, signal)));
    }
    try {
      await lab.#start();
      return lab;
    } catch (error) {
      await lab.end();
      throw error;
    }
  }

  constructor(prefix, lock) {
    this.#prefix = prefix;
    this.#lock = lock;
  }

  /**
   * Runs a script in Node for Windows.
   *
   * @param {number} version - its major
   * @param {string[]} args - paths in them as Windows sees them: `windowsPath`
   * @param {object} [options] - see {@link WinePrefix.run}
   * @returns {Promise<number>} the exit code
   */
  node(version, args, options = {}) {
    const env = {
      VSC_LAB_FORWARDER_PORT: String(this.#forwarder.port),
      // What node-gyp made in the same folder is the addon of the machine outside.
      PREBUILDS_ONLY: '1',
      ...options.env,
    };
    return this.#prefix.run(nodeForWindows(version), args, { ...options, env });
  }

  /**
   * Notes where everything in the lab stands, for whoever asks why.
   *
   * @returns {Promise<string>} the file
   */
  async writeStacks() {
    const file = join(BUILD, 'hang.txt');
    await this.#prefix.writeStacks(file);
    return file;
  }

  /** Ends everything that runs in the lab. Safe to call twice. */
  async end() {
    await this.#prefix.end();
    await this.#forwarder?.end();
    this.#lock.release();
  }

  async #start() {
    await allDone([buildAll(), this.#prefix.prepare()]);
    this.#forwarder = await ForwarderProcess.start();
    await this.#prefix.start();
    await this.#install();
    await this.#prefix.setNumber(REGISTRY_KEY, 'ForwarderPort', this.#forwarder.port);
    await this.#startServer();
  }

  /**
   * One client has COM start the server. When several come at once and each starts one, Wine now and
   * then loses one of them.
   */
  async #startServer() {
    const anyCall = { method: 'DestroyVirtualSmartCard', arguments: { instanceId: 'none' } };
    await this.#prefix.runQuietly(basename(CLIENT), [], JSON.stringify([anyCall]));
  }

  /** Puts the doubles where Windows has what they stand for. */
  async #install() {
    const own = [SERVER, CLIENT, RESOURCES, KEY_CLIENT, PROXY, RANDOM];
    const files = [...own, ...DOUBLES.map((name) => join(PROGRAMS, name))];
    const copyOf = (file) => join(this.#prefix.system32, basename(file));
    const changed = files.filter((file) => !isSame(file, copyOf(file)));
    for (const file of changed) copyFileSync(file, copyOf(file));
    await this.#prefix.importRegistry(REGISTRY);
    if (changed.includes(PROXY)) await this.#prefix.registerServer(basename(PROXY));
    if (changed.includes(SERVER)) await this.#prefix.runQuietly(basename(SERVER), ['-RegServer']);
  }
}

/** By content: what Wine put there under the name may be the younger. */
function isSame(file, copy) {
  return existsSync(copy) && readFileSync(file).equals(readFileSync(copy));
}

/** The labs of a clone share what is built: a half-written program is not to be taken by another. */
async function buildAll() {
  const lock = await LabLock.whenFree(PROGRAMS);
  try {
    await buildCom();
    await buildDoubles(PROGRAMS);
    await buildKeyClient();
  } finally {
    lock.release();
  }
}

/** Waits for the end of all, and then throws the first failure. */
async function allDone(promises) {
  await Promise.allSettled(promises);
  await Promise.all(promises);
}
