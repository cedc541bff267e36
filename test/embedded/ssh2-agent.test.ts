import { verify } from 'node:crypto';
import { BaseAgent } from 'ssh2';
import { expect, test } from 'vitest';
import { sshPublicKey } from '../../lib/index.js';
import { WireReader } from '../../lib/ssh/wire.js';
import { startSsh2Agent } from '../support/ssh2-agent.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

async function started() {
  const manager = await openManager(await temporaryDirectory());
  const { pin, ...rest } = cardOptions();
  const card = await manager.create({ ...rest, pin });
  const rsa = await card.createKey({ container: 'rsa', algorithm: 'RSA-2048' }, { pin });
  const ec = await card.createKey({ container: 'ec', algorithm: 'EC-P384' }, { pin });
  const { agent, asked } = startSsh2Agent(manager, pin);
  return { card, rsa, ec, agent, asked };
}

type Agent = Awaited<ReturnType<typeof started>>['agent'];

function sign(agent: Agent, blob: Buffer, data: Buffer, hash?: string): Promise<Buffer> {
  const key = { getPublicSSH: () => blob };
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null, signature?: Buffer) =>
      signature ? resolve(signature) : reject(error);
    if (hash === undefined) agent.sign(key, data, done);
    else agent.sign(key, data, { hash }, done);
  });
}

test('is what ssh2 takes for an agent, and shows the keys', async () => {
  const { agent, rsa, ec } = await started();
  expect(agent).toBeInstanceOf(BaseAgent);
  const keys = await new Promise((resolve, reject) => {
    agent.getIdentities((error, found) => (error ? reject(error) : resolve(found)));
  });
  expect(keys).toEqual([sshPublicKey(rsa).blob, sshPublicKey(ec).blob]);
});

test('signs as ssh2 wants it, and asks for the PIN until it is forgotten', async () => {
  const { agent, rsa, ec, asked } = await started();
  const data = Buffer.from('what is signed');
  const { blob } = sshPublicKey(rsa);
  for (const hash of ['sha256', 'sha512']) {
    const signature = await sign(agent, blob, data, hash);
    expect(verify(hash, data, rsa.publicKey, signature)).toBe(true);
  }
  // ssh2 takes what begins with a zero for ssh's own form: two numbers, each behind its length.
  const reader = new WireReader(await sign(agent, sshPublicKey(ec).blob, data));
  const numbers = [reader.string(), reader.string()].map((number) => {
    const fixed = Buffer.alloc(48);
    const magnitude = number.subarray(Math.max(0, number.length - 48));
    fixed.set(magnitude, 48 - magnitude.length);
    return fixed;
  });
  reader.end();
  const publicKey = { key: ec.publicKey, dsaEncoding: 'ieee-p1363' } as const;
  expect(verify('sha384', data, publicKey, Buffer.concat(numbers))).toBe(true);
  expect(asked()).toBe(1);
  await agent.forgetPins();
  await sign(agent, blob, data, 'sha256');
  expect(asked()).toBe(2);
});

test('tells why it does not sign', async () => {
  const { agent, rsa } = await started();
  const { blob } = sshPublicKey(rsa);
  const data = Buffer.from('what is signed');
  await expect(sign(agent, blob, data)).rejects.toMatchObject({
    code: 'ERR_ALGORITHM_NOT_SUPPORTED',
  });
  await expect(sign(agent, Buffer.from(blob).reverse(), data)).rejects.toMatchObject({
    code: 'ERR_CONTAINER_NOT_FOUND',
  });
  await agent.close();
  await expect(sign(agent, blob, data, 'sha256')).rejects.toMatchObject({
    code: 'ERR_CLOSED',
  });
});
