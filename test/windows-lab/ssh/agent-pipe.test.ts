import { randomUUID, verify } from 'node:crypto';
import { OpenSSHAgent, type ParsedKey } from 'ssh2';
import { expect, test } from 'vitest';
import { SshAgent, sshPublicKey } from '../../../lib/index.js';
import { cardOptions, openManager, temporaryDirectory } from '../../support/store.js';

/** What ssh2's client for Windows' OpenSSH agent is shown. */
function identities(client: OpenSSHAgent): Promise<ParsedKey[]> {
  return new Promise((resolve, reject) => {
    client.getIdentities((error, keys) =>
      error ? reject(error) : resolve((keys ?? []) as ParsedKey[]),
    );
  });
}

function sign(client: OpenSSHAgent, key: ParsedKey, data: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.sign(key, data, { hash: 'sha256' }, (error, signature) =>
      signature ? resolve(signature) : reject(error),
    );
  });
}

test("the agent's named pipe serves the keys of Windows' card to ssh2", async () => {
  const manager = await openManager(await temporaryDirectory());
  const { pin, ...options } = cardOptions();
  const card = await manager.create({ ...options, pin });
  const key = await card.createKey({ container: 'ssh', algorithm: 'RSA-2048' }, { pin });
  const socketPath = `\\\\.\\pipe\\virtual-smartcard-${randomUUID()}`;
  let asked = 0;
  const agent = await SshAgent.start(manager, {
    socketPath,
    onPin: async () => {
      asked += 1;
      return Buffer.from(pin);
    },
  });

  const client = new OpenSSHAgent(socketPath);
  const [shown, ...others] = await identities(client);
  expect(others).toEqual([]);
  expect(shown?.getPublicSSH()).toEqual(sshPublicKey(key).blob);
  const data = Buffer.from('what is signed');
  for (let round = 0; round < 3; round++) {
    const signature = await sign(client, shown as ParsedKey, data);
    expect(verify('sha256', data, key.publicKey, signature)).toBe(true);
  }
  expect(asked).toBe(1);
  await agent.close();
  await expect(identities(client)).rejects.toThrow();
  await manager.destroy(card.instanceId);
});
