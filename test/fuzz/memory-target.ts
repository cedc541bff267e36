import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { GidsApplet } from '../../lib/gids/applet.js';
import type { CardState } from '../../lib/gids/card-state.js';
import { generateFileSystem } from '../../lib/gids/files.js';
import { Turns } from '../../lib/turns.js';
import { MemoryVault } from '../support/memory-vault.js';
import type { CardSecrets } from './secrets.js';
import type { FuzzTarget } from './target.js';

const CARD_ID = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const KEY_LENGTHS = new Map([
  [0x06, 1024],
  [0x07, 2048],
]);

/** RSA keys take long to make, and what they are is of no matter here: a few are made once. */
const rsaKeys = new Map<number, KeyObject[]>();
let rsaKeysGiven = 0;

function rsaKey(algorithm: number): KeyObject | undefined {
  const modulusLength = KEY_LENGTHS.get(algorithm);
  if (modulusLength === undefined) return undefined;
  let keys = rsaKeys.get(algorithm);
  if (!keys) {
    keys = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength }).privateKey);
    rsaKeys.set(algorithm, keys);
  }
  return keys[rsaKeysGiven++ % keys.length];
}

/** The applet over a vault in software. */
export class MemoryTarget implements FuzzTarget {
  readonly secrets: Readonly<CardSecrets>;
  readonly #vault: MemoryVault;
  readonly #turns = new Turns();

  constructor(secrets: Readonly<CardSecrets>, { blank = false, allowKeyImport = true } = {}) {
    this.secrets = secrets;
    const { pin, puk, adminKey } = secrets;
    this.#vault = new MemoryVault({
      pin,
      adminKey,
      allowKeyImport,
      newKey: rsaKey,
      ...(puk && { puk }),
      ...(!blank && { state: generateFileSystem(CARD_ID) }),
    });
  }

  async connect(): Promise<GidsApplet> {
    return new GidsApplet(this.#vault, this.#turns);
  }

  get state(): CardState {
    return this.#vault.state;
  }

  get keyUses(): number {
    return this.#vault.keyUses;
  }

  get isBlank(): boolean {
    return !this.#vault.state.activated;
  }
}
