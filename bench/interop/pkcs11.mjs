import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

const ROOT_HANDLE = '0x81000001';

/** A program that signs when it is told to. */
export class SigningProgram {
  #child;
  #lines;

  /** One that has a PKCS #11 module loaded and is logged in. */
  static async withModule({ program, module, type, pin, env = {} }) {
    const self = new SigningProgram(program, [module, type], env);
    self.#child.stdin.write(`${pin}\n`);
    return self.#ready();
  }

  /** One that sends the TPM the bare command. */
  static async bare({ program, port, handle, type }) {
    return new SigningProgram(program, [port, handle, type], {}).#ready();
  }

  constructor(program, args, env) {
    const stdio = ['pipe', 'pipe', 'inherit'];
    this.#child = spawn(program, args.map(String), { stdio, env: { ...process.env, ...env } });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Milliseconds that a signature took, as the program itself measured it. */
  async sign() {
    return Number(await this.#ask('sign'));
  }

  async stop() {
    const exit = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exit;
  }

  async #ready() {
    if ((await this.#line()) !== 'ready') throw new Error('it does not sign');
    return this;
  }

  async #ask(line) {
    this.#child.stdin.write(`${line}\n`);
    return this.#line();
  }

  async #line() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the program ended');
    return value;
  }
}

/** Makes keys of the TPM's own that need no authorisation; gives their handles. */
export async function makeBareKeys({ folder, tpm }) {
  const env = { ...process.env, TPM2TOOLS_TCTI: tpm.toolTcti };
  const attributes = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign';
  const handles = { rsa: '0x81010001', ec: '0x81010002' };
  for (const [type, algorithm] of [
    ['rsa', 'rsa2048:null:null'],
    ['ec', 'ecc256:null:null'],
  ]) {
    const context = join(folder, `${type}.ctx`);
    const kind = ['-C', 'o', '-g', 'sha256', '-G', algorithm, '-a', attributes];
    await run('tpm2_createprimary', [...kind, '-c', context], { env });
    await run('tpm2_evictcontrol', ['-C', 'o', '-c', context, handles[type]], { env });
  }
  return handles;
}

/** A tpm2-pkcs11 token on that TPM with a key of each kind; gives what its module needs to know. */
export async function makeToken({ folder, tpm, pin }) {
  const store = join(folder, 'tpm2-pkcs11');
  await mkdir(store);
  const env = { TPM2_PKCS11_STORE: store, TPM2_PKCS11_TCTI: tpm.tcti };
  const toolEnv = { ...process.env, ...env, TPM2TOOLS_TCTI: tpm.toolTcti };
  // A storage root key where TCG puts it, which both use: a slot less is taken.
  const attributes =
    'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt';
  const root = join(folder, 'root.ctx');
  const kind = ['-C', 'o', '-g', 'sha256', '-G', 'ecc256:aes128cfb'];
  await run('tpm2_createprimary', [...kind, '-a', attributes, '-c', root], { env: toolEnv });
  await run('tpm2_evictcontrol', ['-C', 'o', '-c', root, ROOT_HANDLE], { env: toolEnv });
  const ptool = (...words) => run('tpm2_ptool', [...words, '--path', store], { env: toolEnv });
  await ptool('init', '--primary-handle', ROOT_HANDLE);
  await ptool('addtoken', '--pid=1', '--label=bench', '--sopin=87654321', `--userpin=${pin}`);
  for (const algorithm of ['rsa2048', 'ecc256']) {
    await ptool('addkey', '--label=bench', `--userpin=${pin}`, `--algorithm=${algorithm}`);
  }
  return env;
}
