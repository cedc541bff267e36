import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import {
  type KeyProvider,
  loadWindowsAddon,
  type NativeNewKey,
} from '../../../../lib/native-windows.js';
import { Lab, type RecordedCall } from '../../support/lab.js';

export const PIN = Buffer.from('12345678');
export const WRONG_PIN = Buffer.from('8765432100');
export const addon = loadWindowsAddon();

/** What a double is told to do with a call. */
export interface CallPlan {
  delayMs?: number;
  hang?: true;
  result?: number;
}

/** A machine with new cards, and what was asked of one of the providers' doubles. */
export class KeyLab {
  private constructor(
    readonly lab: Lab,
    readonly component: 'ncrypt' | 'csp',
    /** The readers with the cards. */
    readonly readers: readonly string[],
  ) {}

  static async fresh(component: 'ncrypt' | 'csp' = 'ncrypt', cards = 1): Promise<KeyLab> {
    const lab = await Lab.fresh();
    const readers: string[] = [];
    for (let card = 1; card <= cards; card += 1) readers.push(await newCard(lab, `Card ${card}`));
    return new KeyLab(lab, component, readers);
  }

  get provider(): KeyProvider {
    return this.component === 'ncrypt' ? 'ksp' : 'csp';
  }

  card(number = 0): { provider: KeyProvider; readerName: string } {
    return { provider: this.provider, readerName: this.readers[number] ?? '' };
  }

  key(container = 'Key', number = 0) {
    return { ...this.card(number), container };
  }

  /** An elliptic key, which a TPM has made in no time; or another. */
  async make(changes: Partial<NativeNewKey> = {}): Promise<void> {
    const key = { ...this.key(), algorithm: 'ECDSA_P256', bits: 0, keySpec: 1 } as const;
    await addon.createKey({ ...key, ...changes }, PIN).result;
  }

  script(call: string, ...plans: (CallPlan | null)[]): Promise<unknown> {
    return this.lab.request('script', { component: this.component, call, plans });
  }

  /** What was called since `before`. */
  async calls(before = 0): Promise<RecordedCall[]> {
    return (await this.lab.recorded(this.component)).slice(before);
  }

  async count(): Promise<number> {
    return (await this.calls()).length;
  }
}

async function newCard(lab: Lab, name: string): Promise<string> {
  const { readerName } = await lab.request<{ readerName: string }>('createCard', {
    name,
    adminKey: randomBytes(24).toString('base64'),
    pin: PIN.toString('base64'),
    puk: null,
    pinPolicy: null,
    generate: true,
  });
  return readerName;
}

/** The key in a BCRYPT_RSAPUBLIC_BLOB or BCRYPT_ECCPUBLIC_BLOB, by the layout in bcrypt.h. */
export function keyOfBlob(blob: Buffer): KeyObject {
  const magic = blob.toString('latin1', 0, 4);
  const part = (start: number, length: number) =>
    blob.subarray(start, start + length).toString('base64url');
  if (magic === 'RSA1') {
    const exponent = blob.readUInt32LE(8);
    const modulus = blob.readUInt32LE(12);
    const jwk = { kty: 'RSA', e: part(24, exponent), n: part(24 + exponent, modulus) };
    return createPublicKey({ key: jwk, format: 'jwk' });
  }
  const curve = { ECS1: 'P-256', ECS3: 'P-384' }[magic];
  if (curve === undefined) throw new Error(`A blob with the magic ${magic}`);
  const size = blob.readUInt32LE(4);
  const jwk = { kty: 'EC', crv: curve, x: part(8, size), y: part(8 + size, size) };
  return createPublicKey({ key: jwk, format: 'jwk' });
}
