import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { ExpectedError } from '../../../scripts/support/run.mjs';
import { followFile } from './follow-file.mjs';
import { windowsPath } from './paths.mjs';
import { WineServer } from './wine-server.mjs';

/** Debian's packages have these for 64-bit programs; their `wine` wrapper looks for 32-bit Wine first. */
export const DEBIAN_WINE = {
  program: ['/usr/lib/wine/wine64'],
  server: ['/usr/lib/wine/wineserver'],
};

/** Whose text is not ours to show; Wine's own windows and .NET are not wanted. */
const SETTINGS = {
  WINEDEBUG: '-all',
  WINEARCH: 'win64',
  // The lab's own DLLs stand in system32 where Wine has a built-in of the name.
  WINEDLLOVERRIDES:
    'mscoree=;mshtml=;winemenubuilder.exe=;winscard,ncrypt,tbs=n,b;bcryptprimitives=n',
  // File names in UTF-8.
  LC_ALL: 'C.UTF-8',
};

/** What a program inside Wine gets of this process's environment. */
const INHERITED = ['PATH', 'HOME', 'USER', 'CI', 'NO_COLOR', 'VSC_SOAK'];

const CRASH_KEY = 'Software\\Microsoft\\Windows NT\\CurrentVersion\\AeDebug';

/** Wine answers within this, even on a machine that is busy. */
const WINE_TIMEOUT_MS = 120_000;

/** Less for programs that stand still already. */
const STACKS_TIMEOUT_MS = 60_000;

/**
 * A Wine prefix: a drive C with a registry. Between {@link start} and {@link end} one wineserver and
 * one idle process live, since each start without them takes seconds and now and then fails.
 */
export class WinePrefix {
  #directory;
  #wine;
  #server;
  #idle;
  #idleEnded;
  #runs = 0;

  constructor(directory, wine = DEBIAN_WINE) {
    this.#directory = directory;
    this.#wine = wine;
  }

  /** `C:\windows\system32`. */
  get system32() {
    return join(this.#drive, 'windows', 'system32');
  }

  get #drive() {
    return join(this.#directory, 'prefix', 'drive_c');
  }

  /** Makes the prefix unless it is there; it claims to be Windows 10, which Node asks for. */
  async prepare() {
    const whole = join(this.#directory, 'prefix', '.whole');
    if (existsSync(whole)) return;
    const [program] = this.#wine.program;
    if (isAbsolute(program) && !existsSync(program)) {
      throw new ExpectedError(
        `The Windows lab needs Wine: ${program} is missing. On Debian (x86-64): apt-get install wine64 libwine`,
      );
    }
    console.log('Windows lab: making the Wine prefix');
    rmSync(join(this.#directory, 'prefix'), { recursive: true, force: true });
    mkdirSync(this.#directory, { recursive: true });
    await this.#must('wineboot', ['--init']);
    await this.#must('winecfg', ['-v', 'win10']);
    // A program that crashes ends, instead of being looked at by a debugger that nobody sees.
    await this.#setText(CRASH_KEY, 'Debugger', 'cmd.exe /c exit');
    this.#endServer();
    writeFileSync(whole, '');
  }

  /** Starts Wine, ending first what an earlier run may have left of it. */
  async start() {
    this.#endServer();
    const output = join(this.#directory, 'server.txt');
    this.#server = new WineServer(this.#wine.server, this.#environment({}), output);
    await this.#server.started;
    const [program, ...before] = this.#wine.program;
    this.#idle = spawn(program, [...before, 'cmd.exe'], {
      env: this.#environment({}),
      // It waits for a command that never comes.
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#idleEnded = once(this.#idle, 'exit');
    await this.#must('cmd', ['/c', 'exit', '0']);
  }

  /** Ends every program inside, whatever state it is in. */
  async end() {
    if (!this.#idle) return;
    this.#server.isWanted = false;
    this.#endServer();
    this.#idle.kill('SIGKILL');
    await this.#idleEnded;
    this.#idle = undefined;
  }

  /**
   * Runs a program inside and shows its output as it comes. Standard output and error are files,
   * which is all that Node for Windows takes there under Wine.
   *
   * @param {string} program - a name on Wine's own path, or a path of this machine
   * @param {string[]} args
   * @param {{ env?: Record<string, string>, cwd?: string, input?: string, signal?: AbortSignal,
   *   stdout?: (text: Buffer) => void, stderr?: (text: Buffer) => void }} [options]
   * @returns {Promise<number>} its exit code. Only the low 8 bits reach this side; Wine makes 1 of a
   * code that would be 0 in them and is not.
   * @throws the signal's reason once it is given, or that Wine's server ended; then nothing runs
   * inside any more
   */
  async run(program, args, options = {}) {
    const { cwd, env = {} } = options;
    const signals = [options.signal, this.#server?.ended].filter((signal) => signal);
    const name = join(this.#directory, `output-${process.pid}-${++this.#runs}`);
    const files = [`${name}.stdout`, `${name}.stderr`];
    const descriptors = files.map((file) => openSync(file, 'w+'));
    const outputs = [
      options.stdout ?? show(process.stdout),
      options.stderr ?? show(process.stderr),
    ];
    const followers = descriptors.map((fd, index) => followFile(fd, outputs[index]));
    try {
      const [wine, ...before] = this.#wine.program;
      const child = spawn(wine, [...before, program, ...args], {
        cwd,
        env: this.#environment(env),
        stdio: [options.input === undefined ? 'ignore' : 'pipe', ...descriptors],
      });
      child.stdin?.end(options.input);
      return await exitOf(child, AbortSignal.any(signals), () => this.#endServer());
    } finally {
      for (const follower of followers) follower.end();
      for (const file of files) rmSync(file, { force: true });
    }
  }

  /** Writes where each thread of each program inside is, which Wine's debugger knows. */
  async writeStacks(file) {
    const output = openSync(file, 'w');
    const [wine, ...before] = this.#wine.program;
    const child = spawn(wine, [...before, 'winedbg', '--command', 'bt all'], {
      env: this.#environment({}),
      stdio: ['ignore', output, output],
      timeout: STACKS_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    closeSync(output);
    await once(child, 'exit');
  }

  /** Like {@link run}, quietly; returns what it printed and throws when it fails. */
  async #must(program, args, input) {
    const line = [program, ...args].join(' ');
    const printed = [];
    const keep = (text) => printed.push(text);
    const signal = AbortSignal.timeout(WINE_TIMEOUT_MS);
    const options = { input, signal, stdout: keep, stderr: keep };
    const status = await this.run(program, args, options).catch((error) => {
      if (!signal.aborted) throw error;
      throw new Error(`Wine: ${line} did not end within ${WINE_TIMEOUT_MS / 1000} s`);
    });
    if (status === 0) return;
    throw new Error(`Wine: ${line} ended with ${status}\n${Buffer.concat(printed)}`);
  }

  /** Loads a DLL and lets it enter itself into the registry. */
  async registerServer(dll) {
    await this.#must('regsvr32', ['/s', dll]);
  }

  /** Runs a program that must succeed, with `input` on its standard input. */
  async runQuietly(program, args, input = '') {
    await this.#must(program, args, input);
  }

  /** Enters what a .reg file of this machine says. */
  async importRegistry(file) {
    await this.#must('regedit', ['/S', windowsPath(file)]);
  }

  /** Sets a DWORD below HKEY_LOCAL_MACHINE. */
  async setNumber(key, name, value) {
    await this.#setValue(key, name, 'REG_DWORD', String(value));
  }

  async #setText(key, name, text) {
    await this.#setValue(key, name, 'REG_SZ', text);
  }

  async #setValue(key, name, type, data) {
    const value = ['/v', name, '/t', type, '/d', data, '/f'];
    await this.#must('reg', ['add', `HKLM\\${key}`, ...value]);
  }

  #environment(env) {
    const inherited = INHERITED.filter((name) => process.env[name] !== undefined);
    return {
      ...Object.fromEntries(inherited.map((name) => [name, process.env[name]])),
      ...SETTINGS,
      WINEPREFIX: join(this.#directory, 'prefix'),
      ...env,
    };
  }

  /** Without a server there is nothing to end, which it reports as a failure. */
  #endServer() {
    const [server, ...before] = this.#wine.server;
    for (const option of ['--kill', '--wait']) {
      spawnSync(server, [...before, option], {
        env: this.#environment({}),
        stdio: 'ignore',
        timeout: WINE_TIMEOUT_MS,
      });
    }
  }
}

function show(stream) {
  return (text) => stream.write(text);
}

function exitOf(child, signal, endAll) {
  return new Promise((resolve, reject) => {
    const end = () => {
      endAll();
      child.kill('SIGKILL');
    };
    signal.addEventListener('abort', end);
    child.once('error', reject);
    child.once('exit', (code, killer) => {
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(signal.reason);
      else resolve(code ?? 128 + (killer === 'SIGKILL' ? 9 : 0));
    });
  });
}
