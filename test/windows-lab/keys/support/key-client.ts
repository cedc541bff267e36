import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PIN } from './key-lab.js';

const execute = promisify(execFile);

/** CRYPT_KEY_PROV_INFO. */
export interface KeyProviderInfo {
  container: string;
  provider: string;
  type: number;
  flags: number;
  keySpec: number;
  /** How many parameters it has. */
  parameters: number;
}

export interface StoredCertificate {
  certificate: Buffer;
  link: KeyProviderInfo | null;
  friendlyName: string | null;
}

/**
 * The user's store and the keys it leads to, as a program has them that is not this library:
 * keys/client.
 */
export const keyClient = {
  async clear(): Promise<void> {
    await call({ method: 'clear' });
  },

  async list(): Promise<StoredCertificate[]> {
    const list = (await call({ method: 'list' })) as (Omit<StoredCertificate, 'certificate'> & {
      certificate: string;
    })[];
    return list.map((each) => ({ ...each, certificate: Buffer.from(each.certificate, 'base64') }));
  },

  async add(
    certificate: Buffer,
    properties: {
      link?: Pick<KeyProviderInfo, 'container' | 'provider' | 'type' | 'keySpec'>;
      friendlyName?: string;
    } = {},
  ): Promise<void> {
    await call({ method: 'add', certificate: certificate.toString('base64'), ...properties });
  },

  /** Signs (SHA-256, PKCS #1) with the key to which the certificate leads. */
  async sign(certificate: Buffer, data: Buffer): Promise<Buffer> {
    const signature = await call({
      method: 'sign',
      certificate: certificate.toString('base64'),
      data: data.toString('base64'),
      pin: PIN.toString(),
    });
    return Buffer.from(signature as string, 'base64');
  },
};

async function call(request: object): Promise<unknown> {
  const running = execute('key_client.exe');
  running.child.stdin?.end(JSON.stringify([request]));
  const { stdout } = await running.catch((error: { stderr?: string }) => {
    throw new Error(`key_client: ${error.stderr ?? String(error)}`);
  });
  return (JSON.parse(stdout) as unknown[])[0];
}
