import { VirtualSmartCardError } from '../../../dist/errors.js';
import { CONFIG } from './certification-authority.mjs';
import { encodeMessage, readMessages } from './messages.mjs';
import { Parameters, ProtocolError } from './parameters.mjs';

const MAX_WAIT_MS = 600_000;

/** One double's (or test's) connection: carries out its requests and ends what it opened. */
export class Connection {
  #socket;
  #machine;
  #authority;
  #script;
  #channels = new Map();
  #lastChannel = 0;
  #end = new AbortController();

  constructor(socket, { machine, authority, script }) {
    this.#socket = socket;
    this.#machine = machine;
    this.#authority = authority;
    this.#script = script;
    socket.setNoDelay(true);
    readMessages(socket, (request) => this.#carryOut(request));
    // A double that is killed resets its connection; what it had ends with `close`.
    socket.on('error', (error) => console.error(`forwarder: a connection broke: ${error.message}`));
    socket.on('close', () => this.#close());
  }

  async #carryOut({ id, method, params = {} }) {
    let answer;
    try {
      if (!Object.hasOwn(METHODS, method)) throw new ProtocolError(`there is no method ${method}`);
      const parameters = new Parameters(params);
      const result = (await METHODS[method](this.#reach, parameters)) ?? {};
      answer = { id, result };
    } catch (error) {
      answer = { id, error: describe(error) };
    }
    if (this.#socket.writable) this.#socket.write(encodeMessage(answer));
  }

  /** What the methods work with. */
  get #reach() {
    return {
      machine: this.#machine,
      authority: this.#authority,
      script: this.#script,
      end: this.#end.signal,
      open: (channel) => {
        this.#channels.set(++this.#lastChannel, channel);
        return this.#lastChannel;
      },
      channel: (number) => {
        const channel = this.#channels.get(number);
        if (channel) return channel;
        throw new VirtualSmartCardError('ERR_CLOSED', `Channel ${number} is not open`);
      },
      forget: (number) => this.#channels.delete(number),
    };
  }

  async #close() {
    this.#end.abort();
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    await Promise.all(channels.map((channel) => channel.close()));
  }
}

/** ATR of Windows' virtual smart card: T=1, its historical bytes hold the GIDS AID. */
const ATR = Buffer.from('3B8D0180FBA000000397425446590401CF', 'hex');

const METHODS = {
  async createCard({ machine }, params) {
    const request = {
      name: params.text('name'),
      adminKey: params.bytes('adminKey'),
      pin: params.bytes('pin'),
      puk: params.nullable('puk', params.bytes),
      pinPolicy: params.nullable('pinPolicy', params.bytes),
      generate: params.flag('generate'),
      readerLagMs: params.optional('readerLagMs', params.number) ?? 0,
    };
    params.end();
    return machine.createCard(request);
  },

  async destroyCard({ machine }, params) {
    const instanceId = params.text('instanceId');
    params.end();
    await machine.destroyCard(instanceId);
  },

  listCards({ machine }, params) {
    params.end();
    return { cards: machine.listCards() };
  },

  listReaders({ machine, script }, params) {
    params.end();
    return { readers: machine.listReaders(script.configuration) };
  },

  connect({ machine, open }, params) {
    const readerName = params.text('readerName');
    params.end();
    return { channel: open(machine.connect(readerName)), atr: ATR.toString('base64') };
  },

  async transmit({ channel }, params) {
    const target = channel(params.number('channel'));
    const apdu = params.bytes('apdu');
    params.end();
    return { response: (await target.transmit(apdu)).toString('base64') };
  },

  async resetChannel({ channel }, params) {
    const target = channel(params.number('channel'));
    params.end();
    await target.reset();
  },

  async disconnect({ channel, forget }, params) {
    const number = params.number('channel');
    params.end();
    const target = channel(number);
    forget(number);
    await target.close();
  },

  async beginTransaction({ channel }, params) {
    const target = channel(params.number('channel'));
    params.end();
    await target.beginTransaction();
  },

  endTransaction({ channel }, params) {
    const target = channel(params.number('channel'));
    params.end();
    target.endTransaction();
  },

  async waitForChange({ machine, end }, params) {
    const generation = params.number('generation');
    const timeoutMs = params.number('timeoutMs');
    params.end();
    if (timeoutMs > MAX_WAIT_MS) throw new ProtocolError(`timeoutMs: at most ${MAX_WAIT_MS}`);
    return { generation: await machine.changes.after(generation, timeoutMs, end) };
  },

  async tpmCommand({ machine }, params) {
    const command = params.bytes('command');
    params.end();
    return { response: (await machine.tpmCommand(command)).toString('base64') };
  },

  GetConfig(_, params) {
    params.end();
    return { config: CONFIG };
  },

  Submit({ authority }, params) {
    const request = {
      request: params.text('request'),
      attributes: params.nullable('attributes', params.text),
      config: params.text('config'),
    };
    params.end();
    return authority.submit(request);
  },

  RetrievePending({ authority }, params) {
    const request = { requestId: params.number('requestId'), config: params.text('config') };
    params.end();
    return authority.retrieve(request);
  },

  async decideRequest({ authority }, params) {
    const requestId = params.number('requestId');
    const issue = params.flag('issue');
    params.end();
    await authority.decide(requestId, issue);
  },

  async rootCertificate({ authority }, params) {
    params.end();
    return { certificate: await authority.rootCertificate() };
  },

  enter({ script }, params) {
    const entered = {
      component: params.text('component'),
      call: params.text('call'),
      arguments: params.object('arguments'),
    };
    params.end();
    return { plan: script.enter(entered) };
  },

  script({ script }, params) {
    const plan = {
      component: params.text('component'),
      call: params.text('call'),
      plans: params.list('plans'),
      repeat: params.optional('repeat', params.flag) ?? false,
    };
    params.end();
    script.plan(plan);
  },

  recorded({ script }, params) {
    const component = params.optional('component', params.text);
    params.end();
    return { calls: script.recorded(component) };
  },

  configure({ script }, params) {
    const changes = {
      managerVersion: params.optional('managerVersion', params.number),
      physicalReader: params.optional('physicalReader', params.flag),
    };
    params.end();
    script.configure(changes);
  },

  configuration({ script }, params) {
    params.end();
    return script.configuration;
  },

  async reset({ machine, authority, script }, params) {
    params.end();
    script.reset();
    authority.reset();
    await machine.reset();
  },
};

function describe(error) {
  if (error instanceof ProtocolError) return { message: error.message, code: error.code };
  if (error instanceof VirtualSmartCardError) {
    const { message, code, statusWord, tpmCode } = error;
    return { message, code, statusWord, tpmCode };
  }
  console.error('forwarder:', error);
  return { message: String(error), code: 'ERR_LAB_INTERNAL' };
}
