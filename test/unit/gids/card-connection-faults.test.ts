import { createHash, randomBytes, verify, X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ContainerInfo, NewKey } from '../../../lib/backend/backend.js';
import type { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import { decodeContainerMap } from '../../../lib/gids/container-map.js';
import { publicKeyObject } from '../../../lib/public-key.js';
import { certificateFor, type Fault, FaultyChannel, TestCard } from '../../support/gids-card.js';

const FAULTS: readonly Fault[] = [
  'command lost',
  'answer lost',
  'refused',
  'killed before',
  'killed after',
];

const spec = (name: string) => ({ name, algorithm: 'EC-P256', keySpec: 'signature' }) as const;

/** A card with three containers, of which the last has a certificate. Each test starts from it. */
const card = new TestCard();
const withPin = { pin: card.pin };
const certificates = await setUp();
const initialState = card.vault.state;

async function setUp() {
  const connection = card.connection();
  await connection.verifyPin(card.pin);
  for (const name of ['one', 'target', 'two']) await connection.createContainer(spec(name), {});
  const [target, two] = [await connection.publicKey('target'), await connection.publicKey('two')];
  const made = {
    target: certificateFor(target, 'target'),
    targetAgain: certificateFor(target, 'target again'),
    two: certificateFor(two, 'two'),
    twoAgain: certificateFor(two, 'two again'),
  };
  await connection.storeCertificate('two', made.two, {});
  await connection.close();
  return made;
}

/** What a key is certified by: it has signed before, as it does for a certificate of its own. */
async function certify({ publicKey, signDigest }: NewKey): Promise<Buffer> {
  const digest = createHash('sha256').update('a certificate').digest();
  const signature = await signDigest({ type: 'ecdsa', hash: 'SHA256' }, digest);
  const key = { key: publicKeyObject(publicKey), dsaEncoding: 'ieee-p1363' } as const;
  expect(verify('sha256', Buffer.from('a certificate'), key, signature)).toBe(true);
  return certificateFor(publicKey, 'new');
}

beforeEach(() => {
  card.vault.state = initialState;
});

/** Everything that is listed signs with the key it is listed with, and what was there is there. */
async function expectSound(): Promise<ContainerInfo[]> {
  const connection = card.connection();
  const containers = await connection.containers();
  const map = card.vault.state.files.get(0xa010)?.objects.get(0xdf23);
  const named = decodeContainerMap(map ?? new Uint8Array(1)).filter((each) => each !== undefined);
  expect(containers.map(({ name }) => name)).toEqual(named.map(({ name }) => name));
  expect(containers.map(({ name }) => name)).toEqual(expect.arrayContaining(['one', 'two']));
  expect(containers.filter(({ isDefault }) => isDefault).length).toBe(1);
  for (const { name } of containers) {
    const data = randomBytes(20);
    const digest = createHash('sha256').update(data).digest();
    const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
    const signature = await connection.signDigest(name, scheme, digest, withPin);
    const key = publicKeyObject(await connection.publicKey(name));
    expect(verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  }
  expect(['two', 'twoAgain']).toContain(await certificateOf('two'));
  await connection.close();
  return containers;
}

/** Which of the certificates above a container has; undefined when it has none. */
async function certificateOf(name: string): Promise<string | undefined> {
  const connection = card.connection();
  const stored = await connection.certificate(name);
  await connection.close();
  const known = Object.entries(certificates).find(([, each]) => stored?.equals(each));
  return stored && (known?.[0] ?? 'an unknown certificate');
}

/**
 * Lets a call fail at each of its commands in turn, from the same state each time.
 *
 * @param check - after the fault; `done` tells whether the call said that it had succeeded
 * @returns how many commands the call takes when nothing fails
 */
async function failEverywhere(
  fault: Fault,
  call: (connection: GidsCardConnection) => Promise<unknown>,
  check: (containers: ContainerInfo[], done: boolean) => Promise<void>,
): Promise<number> {
  for (let at = 0; ; at++) {
    card.vault.state = initialState;
    const channel = new FaultyChannel(card.channel(), at, fault);
    const connection = card.connection(channel);
    const done = await call(connection).then(
      () => true,
      () => false,
    );
    if (!isKill(fault)) expect(card.vault.openAuthorizations).toBe(0);
    // What the card does when its host is gone.
    await connection.close();
    if (!channel.hasFailed) {
      expect(done).toBe(true);
      return at;
    }
    await check(await expectSound(), done);
  }
}

/** After a kill nobody takes anything back; else a call that fails leaves all as it was. */
const isKill = (fault: Fault) => fault.startsWith('killed');
const names = (containers: ContainerInfo[]) => containers.map(({ name }) => name);

describe.each(FAULTS)('with a fault at any command (%s)', (fault) => {
  it('createContainer makes the container whole or not at all', async () => {
    const commands = await failEverywhere(
      fault,
      (connection) => connection.createContainer(spec('new'), withPin),
      async (containers, done) => {
        const isThere = names(containers).includes('new');
        if (done) expect(isThere).toBe(true);
        else if (!isKill(fault)) expect(isThere).toBe(false);
        const connection = card.connection();
        if (isThere) await connection.deleteContainer('new', withPin);
        // What was left over is replaced, not piled up.
        await connection.createContainer(spec('next'), withPin);
        expect(card.keyReferences.length).toBe(4);
        await expectSound();
      },
    );
    expect(commands).toBeGreaterThan(12);
  });

  it('a container that is made with its certificate is there with it or not at all', async () => {
    const commands = await failEverywhere(
      fault,
      (connection) => connection.createContainer(spec('new'), withPin, certify),
      async (containers, done) => {
        const made = containers.find(({ name }) => name === 'new');
        if (done) expect(made).toBeDefined();
        else if (!isKill(fault)) expect(made).toBeUndefined();
        const connection = card.connection();
        if (made) {
          expect(made.hasCertificate).toBe(true);
          const stored = new X509Certificate((await connection.certificate('new')) ?? '');
          const key = publicKeyObject(await connection.publicKey('new'));
          expect(stored.publicKey.equals(key)).toBe(true);
          await connection.deleteContainer('new', withPin);
        }
        // The place of what was left over is taken by the next one, its certificate's as well.
        await connection.createContainer(spec('next'), withPin);
        expect(await connection.certificate('next')).toBeUndefined();
        expect(card.keyReferences.length).toBe(4);
        await connection.storeCertificate('target', certificates.target, withPin);
        expect(card.vault.state.files.get(0xa010)?.objects.has(0xdf27)).toBe(false);
        await expectSound();
      },
    );
    expect(commands).toBeGreaterThan(20);
  });

  it('deleteContainer deletes the container or leaves it whole', async () => {
    const commands = await failEverywhere(
      fault,
      (connection) => connection.deleteContainer('target', withPin),
      async (containers, done) => {
        const isThere = names(containers).includes('target');
        if (done) expect(isThere).toBe(false);
        if (done) expect(card.keyReferences.length).toBe(2);
        const connection = card.connection();
        if (isThere) await connection.deleteContainer('target', withPin);
        await connection.createContainer(spec('target'), withPin);
        expect(await connection.certificate('target')).toBeUndefined();
        expect(card.keyReferences.length).toBe(3);
        await expectSound();
      },
    );
    expect(commands).toBeGreaterThan(8);
  });

  it('storeCertificate stores the certificate or none', async () => {
    await failEverywhere(
      fault,
      (connection) => connection.storeCertificate('target', certificates.target, withPin),
      async (containers, done) => {
        const stored = await certificateOf('target');
        const target = containers.find(({ name }) => name === 'target');
        expect(target?.hasCertificate).toBe(stored !== undefined);
        if (done) expect(stored).toBe('target');
        else if (isKill(fault)) expect([undefined, 'target']).toContain(stored);
        else expect(stored).toBeUndefined();
        await card.connection().storeCertificate('target', certificates.targetAgain, withPin);
        expect(await certificateOf('target')).toBe('targetAgain');
        // An object that the fault left over is taken, not left behind.
        expect(card.vault.state.files.get(0xa010)?.objects.has(0xdf26)).toBe(false);
      },
    );
  });

  it('storeCertificate replaces a certificate or leaves the old one', async () => {
    await failEverywhere(
      fault,
      (connection) => connection.storeCertificate('two', certificates.twoAgain, withPin),
      async (_containers, done) => {
        if (done) expect(await certificateOf('two')).toBe('twoAgain');
        else if (!isKill(fault)) expect(await certificateOf('two')).toBe('two');
      },
    );
  });

  it('setDefaultContainer leaves one default', async () => {
    await failEverywhere(
      fault,
      (connection) => connection.setDefaultContainer('target', withPin),
      async (containers, done) => {
        const chosen = containers.find(({ isDefault }) => isDefault)?.name;
        if (done) expect(chosen).toBe('target');
        else if (!isKill(fault)) expect(chosen).toBe('one');
      },
    );
  });

  it('deleteCertificate deletes the certificate, and its place is used again', async () => {
    await card.connection().storeCertificate('target', certificates.target, withPin);
    const withCertificate = card.vault.state;
    await failEverywhere(
      fault,
      async (connection) => {
        card.vault.state = withCertificate;
        await connection.deleteCertificate('target', withPin);
      },
      async (_containers, done) => {
        const stored = await certificateOf('target');
        if (done) expect(stored).toBeUndefined();
        else if (isKill(fault)) expect([undefined, 'target']).toContain(stored);
        else expect(stored).toBe('target');
        await card.connection().storeCertificate('target', certificates.targetAgain, withPin);
        expect(card.vault.state.files.get(0xa010)?.objects.has(0xdf26)).toBe(false);
      },
    );
  });
});

/** A connection over a channel that answers or fails by itself where `intercept` says so. */
function intercepted(intercept: (command: Uint8Array) => Buffer | undefined) {
  const below = card.channel();
  return card.connection({
    transmit: async (command) => intercept(command) ?? below.transmit(command),
    reset: () => below.reset(),
    close: () => below.close(),
  });
}

describe('a key that the card cannot delete', () => {
  it('keeps its container, whole', async () => {
    const connection = intercepted((command) =>
      command[1] === 0xe4 ? Buffer.from([0x65, 0x81]) : undefined,
    );
    await expect(connection.deleteContainer('one', withPin)).rejects.toMatchObject({
      code: 'ERR_STATE_IO',
    });
    const containers = await expectSound();
    expect(containers.map(({ name, isDefault }) => [name, isDefault])).toEqual([
      ['one', true],
      ['target', false],
      ['two', false],
    ]);
  });
});

describe('a connection whose log-out fails', () => {
  it('is reset, so that nobody finds it logged in', async () => {
    const connection = intercepted((command) => {
      if (command[1] === 0x20 && command[3] === 0x82) throw new Error('lost');
      return undefined;
    });
    await connection.createContainer(spec('x'), withPin);
    expect(card.vault.openAuthorizations).toBe(0);
    await expect(connection.createContainer(spec('y'), {})).rejects.toMatchObject({
      code: 'ERR_PIN_REQUIRED',
    });
  });
});
