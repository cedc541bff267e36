import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A program that has a PKCS #11 module loaded and is logged in: signs when it is told to. */
export class Pkcs11Signer {
  #child;
  #lines;

  static async start({ program, module, type, pin, env = {} }) {
    const self = new Pkcs11Signer();
    const stdio = ['pipe', 'pipe', 'inherit'];
    self.#child = spawn(program, [module, type], { stdio, env: { ...process.env, ...env } });
    self.#lines = createInterface({ input: self.#child.stdout })[Symbol.asyncIterator]();
    if ((await self.#ask(pin)) !== 'ready') throw new Error(`${module} does not sign`);
    return self;
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

  async #ask(line) {
    this.#child.stdin.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the program ended');
    return value;
  }
}

/** A tpm2-pkcs11 token on that TPM with a key of each kind; gives what its module needs to know. */
export async function makeToken({ folder, tcti, pin }) {
  const store = join(folder, 'tpm2-pkcs11');
  await mkdir(store);
  const env = { TPM2_PKCS11_STORE: store, TPM2_PKCS11_TCTI: tcti, TPM2TOOLS_TCTI: tcti };
  const ptool = (...words) =>
    run('tpm2_ptool', [...words, '--path', store], { env: { ...process.env, ...env } });
  await ptool('init');
  await ptool('addtoken', '--pid=1', '--label=bench', '--sopin=87654321', `--userpin=${pin}`);
  for (const algorithm of ['rsa2048', 'ecc256']) {
    await ptool('addkey', '--label=bench', `--userpin=${pin}`, `--algorithm=${algorithm}`);
  }
  return env;
}
