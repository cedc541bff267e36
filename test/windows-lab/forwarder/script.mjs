import { ProtocolError } from './parameters.mjs';

/** So many calls are remembered. */
const RECORD_LIMIT = 1000;

const DEFAULTS = { managerVersion: 3, physicalReader: false };

/** What the tests have in mind for the doubles' next calls, and what the doubles were called with. */
export class Script {
  #plans = new Map();
  #record = [];
  #configuration = DEFAULTS;

  /** Plans the next calls of a function, one by one; a null lets its call pass. */
  plan({ component, call, plans, repeat }) {
    if (repeat && plans.length === 0) throw new ProtocolError('there is no plan to repeat');
    this.#plans.set(`${component}.${call}`, { plans: [...plans], repeat });
  }

  /** Records a call and takes the plan for it, or null. */
  enter({ component, call, arguments: values }) {
    this.#record.push({ component, call, arguments: values });
    if (this.#record.length > RECORD_LIMIT) this.#record.shift();
    const planned = this.#plans.get(`${component}.${call}`);
    if (!planned) return null;
    const { plans, repeat } = planned;
    const plan = plans.length === 1 && repeat ? plans[0] : plans.shift();
    return plan ?? null;
  }

  recorded(component) {
    if (component === undefined) return this.#record;
    return this.#record.filter((entry) => entry.component === component);
  }

  configure(changes) {
    const { managerVersion = 3 } = changes;
    if (![1, 2, 3].includes(managerVersion)) throw new ProtocolError('managerVersion: 1, 2 or 3');
    const given = Object.entries(changes).filter(([, value]) => value !== undefined);
    this.#configuration = { ...this.#configuration, ...Object.fromEntries(given) };
  }

  get configuration() {
    return this.#configuration;
  }

  reset() {
    this.#plans.clear();
    this.#record = [];
    this.#configuration = DEFAULTS;
  }
}
