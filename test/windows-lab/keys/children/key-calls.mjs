// One scenario of calls with keys by the addon itself, in a process of its own:
//   node key-calls.mjs ADDON SCENARIO PROVIDER READER…
// The card in each reader has a key "Key"; what is to hang is scripted before.
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, Worker, workerData } from 'node:worker_threads';

const settings = workerData ?? {
  addonFile: process.argv[2],
  scenario: process.argv[3],
  provider: process.argv[4],
  readers: process.argv.slice(5),
};
const addon = createRequire(import.meta.url)(settings.addonFile);
const PIN = '12345678';

function address(reader) {
  const { provider, readers } = settings;
  return { provider, readerName: readers[reader], container: 'Key' };
}

function sign({ reader = 0, pin = PIN } = {}) {
  const padding = settings.provider === 'ksp' ? 'none' : 'pkcs1';
  const key = { ...address(reader), padding, hashName: 'SHA256' };
  return addon.signHash(key, Buffer.alloc(32, 1), Buffer.from(pin));
}

/** "signed", or the error's code. */
const outcome = (call) =>
  call.result.then(
    () => 'signed',
    ({ code, hresult }) => (hresult === undefined ? code : hresult.toString(16)),
  );

function worker(scenario, more = {}) {
  return new Worker(new URL(import.meta.url), { workerData: { ...settings, ...more, scenario } });
}

const messageOf = (thread) => new Promise((resolve) => thread.once('message', resolve));

const SCENARIOS = {
  /** The first signature hangs. Those behind it are let go, another card's is made. */
  async behind() {
    const hanging = sign();
    await delay(500);
    const [cancelled, abandoned] = [sign(), sign()];
    const outcomes = [hanging, cancelled, abandoned].map(outcome);
    const other = await outcome(sign({ reader: 1 }));
    const first = await Promise.race([...outcomes, delay(300, 'all wait')]);
    cancelled.cancel();
    abandoned.abandon();
    const behind = await Promise.all(outcomes.slice(1));
    hanging.abandon();
    console.log([other, first, ...behind, await outcomes[0]].join(' '));
  },
  /** The process is ended in the middle of a call that hangs, with another behind it. */
  async exit() {
    sign();
    sign();
    await delay(500);
    console.log('exiting');
    process.exit(7);
  },
  /** Two threads use one card at once, one of them with a wrong PIN. */
  async threads() {
    const threads = [worker('signer', { pin: PIN }), worker('signer', { pin: '9999999999' })];
    console.log((await Promise.all(threads.map(messageOf))).join(' '));
  },
  async signer() {
    const outcomes = [1, 2].map(() => outcome(sign({ pin: settings.pin })));
    parentPort.postMessage((await Promise.all(outcomes)).join(','));
  },
  /** A thread ends while it makes a key. */
  async terminate() {
    const thread = worker('maker');
    await messageOf(thread);
    await thread.terminate();
    // Behind the key that is made and deleted again.
    console.log(await outcome(sign()));
    const keys = await addon.listKeys(address(0)).result;
    console.log(keys.map(({ container }) => container).join());
  },
  async maker() {
    const { provider } = settings;
    const algorithm = provider === 'ksp' ? 'ECDSA_P256' : 'RSA';
    const key = { ...address(0), container: 'Late', algorithm, keySpec: 1 };
    addon.createKey({ ...key, bits: provider === 'ksp' ? 0 : 1024 }, Buffer.from(PIN));
    await delay(300);
    parentPort.postMessage('making');
  },
};

await SCENARIOS[settings.scenario]();
