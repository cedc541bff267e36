// One scenario of calls into Windows by the addon itself, in a process of its own:
//   node calls.mjs ADDON SCENARIO
// A call that fails unexpectedly is caught by nobody, so that the process ends and says why.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const [, , addonFile = workerData?.addonFile, scenario = workerData?.scenario] = process.argv;
const addon = createRequire(import.meta.url)(workerData?.addonFile ?? addonFile);

const ADDRESS = { machine: undefined, allowElevationPrompt: false };

function create(listener, name = 'Lab card') {
  return addon.createCard(
    {
      ...ADDRESS,
      interface: 1,
      name,
      adminKey: randomBytes(24),
      adminKcv: undefined,
      puk: undefined,
      pin: Buffer.from('12345678'),
      pinPolicy: undefined,
      attestation: 0,
      generate: true,
    },
    listener,
  );
}

/** A request to a certification authority. */
function submit() {
  const config = 'ca.lab.example\\Lab Issuing CA';
  return addon.submitRequest({ config, format: 0x100, request: 'AAAA', attributes: '' });
}

function worker(scenarioOfWorker) {
  return new Worker(new URL(import.meta.url), {
    workerData: { addonFile, scenario: scenarioOfWorker },
  });
}

const ended = (thread) => new Promise((resolve) => thread.on('exit', resolve));

const SCENARIOS = {
  /** The process is ended by itself in mid-call. */
  async exit() {
    const begun = new Promise((resolve, reject) => create(resolve).result.catch(reject));
    await begun;
    console.log('exiting');
    process.exit(7);
  },
  /** The same in a request to a certification authority, which tells nothing before its end. */
  async exitRequest() {
    submit();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    console.log('exiting');
    process.exit(7);
  },
  /** Nothing is left to do but a call that was abandoned. */
  async abandon() {
    await SCENARIOS.abandoned(create(() => undefined));
  },
  async abandonRequest() {
    await SCENARIOS.abandoned(submit());
  },
  async abandoned(call) {
    setTimeout(() => call.abandon(), 300);
    const error = await call.result.then(
      () => 'no error',
      ({ code }) => code,
    );
    console.log(error);
  },
  /** A call keeps the process alive as long as it lasts. */
  async alive() {
    create(() => undefined).result.then(({ instanceId }) => console.log(instanceId));
  },
  /** A thread is ended in mid-call; the process goes on and calls again. */
  async terminate() {
    const thread = worker('begin');
    await new Promise((resolve) => thread.on('message', resolve));
    await thread.terminate();
    const { instanceId } = await create(() => undefined, 'After').result;
    console.log(instanceId);
  },
  /** A thread is ended in the middle of a request; the next one is answered. */
  async terminateRequest() {
    const thread = worker('beginRequest');
    await new Promise((resolve) => thread.on('message', resolve));
    await thread.terminate();
    console.log(await submit().result.catch(({ hresult }) => hresult));
  },
  async beginRequest() {
    const { parentPort } = await import('node:worker_threads');
    submit();
    setTimeout(() => parentPort.postMessage('begun'), 500);
  },
  async begin() {
    const { parentPort } = await import('node:worker_threads');
    create(() => parentPort.postMessage('begun'));
    setInterval(() => undefined, 1000);
  },
  /** Several threads make a card each and destroy it. */
  async threads() {
    const codes = await Promise.all([1, 2, 3, 4].map(() => ended(worker('round'))));
    console.log(codes.join());
  },
  async round() {
    for (let number = 0; number < 3; number += 1) {
      const { instanceId } = await create(() => undefined, `Round ${number}`).result;
      await addon.destroyCard({ ...ADDRESS, instanceId }, () => undefined).result;
    }
  },
};

await SCENARIOS[isMainThread ? scenario : workerData.scenario]();
