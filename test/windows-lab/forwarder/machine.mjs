import { createCard } from '../../../dist/backend/embedded/create-card.js';
import { eraseCard } from '../../../dist/backend/embedded/intent.js';
import { shareStore } from '../../../dist/backend/embedded/open-stores.js';
import { VirtualSmartCardError } from '../../../dist/errors.js';
import { PinPolicy } from '../../../dist/pin-policy.js';
import { Turns } from '../../../dist/turns.js';
import { Card } from './card.mjs';
import { Changes } from './changes.mjs';

/** As on Windows. */
const CARD_LIMIT = 10;

const DEVICE_TYPE = { tpm: 0x80, usb: 0x20 };
const PHYSICAL_READER = 'Contact Reader 0';

/** The lab's machine: a TPM of the embedded backend, and its cards in readers. */
export class Machine {
  changes = new Changes();
  #share;
  #cards = new Map();
  #turns = new Turns();

  constructor(share) {
    this.#share = share;
  }

  static async open(stateDirectory) {
    return new Machine(await shareStore(stateDirectory, { tpm: 'libtpms' }));
  }

  get #context() {
    return this.#share.store.context;
  }

  /** Its reader shows up at once, or `readerLagMs` later, as PnP on Windows may take its time. */
  async createCard({ name, adminKey, pin, puk, pinPolicy, generate, readerLagMs }) {
    return this.#turns.take(async () => {
      const instance = this.#freeInstance();
      const storage = await createCard(this.#context, instance, {
        ...{ name, adminKey, pin, puk, generate },
        pinPolicy: decodePolicy(pinPolicy),
        allowKeyImport: false,
        antiHammering: 'block',
      });
      const card = new Card(this.#context, instance, storage);
      this.#cards.set(card.instanceId, card);
      if (readerLagMs === 0) this.#show(card);
      else setTimeout(() => this.#show(card), readerLagMs);
      return { instanceId: card.instanceId, readerName: card.readerName };
    });
  }

  async destroyCard(instanceId) {
    await this.#turns.take(() => this.#destroy(this.#find(instanceId)));
  }

  listCards() {
    return this.#sorted.map((card) => card.description);
  }

  listReaders({ physicalReader }) {
    const shown = this.#sorted.filter((card) => card.hasReader);
    const virtual = shown.map(({ readerName, instanceId }) => ({
      ...{ readerName, instanceId },
      deviceType: DEVICE_TYPE.tpm,
      hasCard: true,
    }));
    if (!physicalReader) return virtual;
    const physical = {
      readerName: PHYSICAL_READER,
      instanceId: 'USB\\VID_1234&PID_5678\\0001',
      deviceType: DEVICE_TYPE.usb,
      hasCard: false,
    };
    return [physical, ...virtual];
  }

  connect(readerName) {
    const card = this.#sorted.find((each) => each.readerName === readerName);
    if (card?.hasReader) return card.connect();
    throw new VirtualSmartCardError('ERR_CARD_NOT_FOUND', `No card in a reader "${readerName}"`);
  }

  async tpmCommand(command) {
    return this.#context.tpm.transport.transmit(command);
  }

  async reset() {
    await this.#turns.take(async () => {
      for (const card of this.#cards.values()) await this.#destroy(card);
    });
  }

  async close() {
    await this.reset();
    await this.#share.leave();
  }

  get #sorted() {
    return [...this.#cards.values()].sort((one, other) => one.instance - other.instance);
  }

  #show(card) {
    card.hasReader = true;
    this.changes.announce();
  }

  async #destroy(card) {
    await card.end(() => eraseCard(this.#context, card.instance, card.nvIndexes));
    this.#cards.delete(card.instanceId);
    this.changes.announce();
  }

  #find(instanceId) {
    const card = this.#cards.get(instanceId.toUpperCase());
    if (card) return card;
    throw new VirtualSmartCardError('ERR_CARD_NOT_FOUND', `There is no card ${instanceId}`);
  }

  #freeInstance() {
    const used = new Set([...this.#cards.values()].map((card) => card.instance));
    for (let instance = 0; instance < CARD_LIMIT; instance++) {
      if (!used.has(instance)) return instance;
    }
    throw new VirtualSmartCardError('ERR_CARD_LIMIT', `There are ${CARD_LIMIT} cards`);
  }
}

const RULES = ['allowed', 'required', 'disallowed'];

/** From the 32 bytes of [MS-TPMVSC] 2.2.2.1, which the COM server has checked. */
function decodePolicy(bytes) {
  if (!bytes) return PinPolicy.from();
  const [, minLength, maxLength, ...rules] = Array.from({ length: 8 }, (_, index) =>
    bytes.readUInt32LE(index * 4),
  );
  const [uppercase, lowercase, digits, specialCharacters, otherCharacters] = rules.map(
    (rule) => RULES[rule],
  );
  const classes = { uppercase, lowercase, digits, specialCharacters, otherCharacters };
  return PinPolicy.from({ minLength, maxLength, ...classes });
}
