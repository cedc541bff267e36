import { decodeTlv, decodeTlvs, findTlv } from '../../lib/gids/tlv.js';
import { ChannelModel } from './channel-model.js';
import type { Command } from './command.js';
import { type CardSecrets, lookInto, respondTo } from './secrets.js';

const MOST_TRIES = 5;
const SHORTEST_PIN = 4;
const LONGEST_PIN = 127;
const SUCCESS = 0x9000;
const WRONG_DATA = 0x6a80;
const BLOCKED = 0x6983;
const REFUSED = 0x6982;
const WRONG = 0x63c0;

/** How often what happened that a fuzzer should reach. */
export interface Reached {
  logins: number;
  adminLogins: number;
  wrongPins: number;
  pinChanges: number;
  keyUses: number;
  keysMade: number;
  adminKeys: number;
}

/** An answer that the card should not have given. */
export class Misbehaviour extends Error {}

/**
 * Who may what on a card, told from the commands and the status words alone, beside the applet and
 * without its code: a PIN is verified only by its very bytes, and nothing but that opens a key.
 */
export class CardModel {
  readonly secrets: CardSecrets;
  readonly reached: Reached;
  pinTries = MOST_TRIES;
  pukTries = MOST_TRIES;
  readonly #channels: ChannelModel[] = [];
  readonly #isBlank: () => boolean;

  constructor(secrets: Readonly<CardSecrets>, isBlank: () => boolean, reached: Reached) {
    this.secrets = { ...secrets };
    this.#isBlank = isBlank;
    this.reached = reached;
  }

  connect(): ChannelModel {
    const channel = new ChannelModel((command, response) =>
      this.#judge(channel, command, response),
    );
    this.#channels.push(channel);
    return channel;
  }

  /** Whether somebody is logged in somewhere. */
  get isAnybodyThere(): boolean {
    return this.#channels.some(({ user, admin }) => user || admin);
  }

  #judge(channel: ChannelModel, command: Command, response: Buffer): void {
    const statusWord = response.readUInt16BE(response.length - 2);
    const succeeded = statusWord === SUCCESS || statusWord >> 8 === 0x61;
    switch (command.ins) {
      case 0x20:
        this.#verify(channel, command, statusWord);
        return;
      case 0x24:
        this.#change(channel, command, statusWord);
        return;
      case 0x2c:
        this.#reset(channel, command, statusWord);
        return;
      case 0x87:
        this.#authenticate(channel, command, response, statusWord);
        return;
      case 0xa4:
        if (succeeded && command.p1 === 0x04) channel.challenge = undefined;
        return;
      case 0x22:
        if (succeeded && command.p2 === 0xa4) channel.challenge = undefined;
        return;
      case 0x2a:
        if (!succeeded) return;
        this.#require(channel.user, 'a key was used without its PIN');
        this.reached.keyUses++;
        return;
      case 0xf9:
        if (succeeded) this.#require(channel.user, 'a key was attested without its PIN');
        return;
      case 0x47:
        if (!succeeded) return;
        this.#require(channel.user, 'a key was made without the PIN');
        this.reached.keysMade++;
        return;
      case 0xdb:
        if (succeeded && command.p1 === 0x3f && command.p2 === 0xff) this.#put(channel, command);
        return;
      default:
    }
  }

  #verify(channel: ChannelModel, { p1, p2, data }: Command, statusWord: number): void {
    if (p1 === 0x00 && p2 === 0x82 && data.length === 0) {
      this.#expect(statusWord, SUCCESS);
      channel.logOut();
    } else if (p1 === 0x00 && p2 === 0x80) {
      if (data.length === 0) this.#expect(statusWord, channel.user ? SUCCESS : this.#triesLeft());
      else this.#try(channel, data, statusWord);
    } else {
      this.#require(statusWord !== SUCCESS, 'a VERIFY of nothing succeeded');
    }
  }

  #try(channel: ChannelModel, pin: Uint8Array, statusWord: number): void {
    channel.user = false;
    if (pin.length < SHORTEST_PIN || pin.length > LONGEST_PIN) {
      this.#expect(statusWord, this.#triesLeft());
      return;
    }
    if (this.pinTries === 0) {
      this.#expect(statusWord, BLOCKED);
      return;
    }
    if (this.secrets.pin.equals(pin)) {
      this.#expect(statusWord, SUCCESS);
      this.pinTries = MOST_TRIES;
      channel.user = true;
      this.reached.logins++;
    } else {
      this.#wrongPin();
      this.#expect(statusWord, WRONG | this.pinTries);
    }
  }

  #change(channel: ChannelModel, { p1, p2, data }: Command, statusWord: number): void {
    if (p2 === 0x80 && p1 === 0x01 && statusWord === SUCCESS) {
      this.#require(this.#isBlank(), 'a first PIN was set twice');
      this.#replacePin(data);
      return;
    }
    if (p2 !== 0x80 || p1 !== 0x00) {
      this.#require(statusWord !== SUCCESS, 'a change of nothing succeeded');
      return;
    }
    const { pin } = this.secrets;
    const isRight = pin.equals(data.subarray(0, pin.length));
    this.#replacement(channel, statusWord, {
      isRight,
      tries: 'pinTries',
      next: data.subarray(pin.length),
    });
  }

  #reset(channel: ChannelModel, { p1, p2, data }: Command, statusWord: number): void {
    const { puk } = this.secrets;
    if (p2 === 0x80 && p1 === 0x02) {
      if (statusWord !== SUCCESS) return;
      this.#require(channel.admin, 'a PIN was reset without the admin key');
      this.#require(!puk, 'a PIN was reset by the admin where there is a PUK');
      this.#replacePin(data);
      return;
    }
    if (p2 !== 0x80 || p1 !== 0x00 || !puk) {
      this.#require(statusWord !== SUCCESS, 'a reset by nothing succeeded');
      return;
    }
    const isRight = puk.equals(data.subarray(0, puk.length));
    this.#replacement(channel, statusWord, {
      isRight,
      tries: 'pukTries',
      next: data.subarray(puk.length),
    });
  }

  #replacement(
    channel: ChannelModel,
    statusWord: number,
    attempt: { isRight: boolean; tries: 'pinTries' | 'pukTries'; next: Uint8Array },
  ): void {
    const { isRight, tries, next } = attempt;
    // The new PIN is not one that the card takes: nothing was tried.
    if (statusWord === WRONG_DATA) return;
    channel.user = false;
    if (this[tries] === 0) {
      this.#expect(statusWord, BLOCKED);
      return;
    }
    if (isRight) {
      this.#expect(statusWord, SUCCESS);
      this[tries] = MOST_TRIES;
      this.#replacePin(next);
      return;
    }
    if (tries === 'pinTries') this.#wrongPin();
    else this.pukTries--;
    this.#expect(statusWord, WRONG | this[tries]);
  }

  #authenticate(
    channel: ChannelModel,
    { data }: Command,
    response: Buffer,
    statusWord: number,
  ): void {
    if (statusWord === REFUSED) {
      channel.admin = false;
      channel.challenge = undefined;
    }
    if (statusWord !== SUCCESS && statusWord >> 8 !== 0x61) return;
    const [asked] = decodeTlvs(decodeTlv(0x7c, data));
    if (asked?.tag === 0x81) {
      // A host that does not fetch the challenge cannot answer it either.
      const isThere = response.length > 2 && statusWord === SUCCESS;
      const fromCard = isThere ? response.subarray(4, response.length - 2) : undefined;
      channel.challenge = fromCard && { fromCard, fromHost: Buffer.from(asked.value) };
      return;
    }
    const { challenge } = channel;
    channel.challenge = undefined;
    const isProven = challenge && asked && this.#proves(challenge, asked.value);
    this.#require(isProven === true, 'the admin was believed without the admin key');
    channel.admin = true;
    this.reached.adminLogins++;
  }

  #proves(
    { fromCard, fromHost }: NonNullable<ChannelModel['challenge']>,
    proof: Uint8Array,
  ): boolean {
    const { adminKey } = this.secrets;
    if (fromHost.length === 0) return respondTo(fromCard, adminKey).equals(proof);
    const opened = lookInto(proof, adminKey);
    return (
      opened.subarray(0, 32).equals(Buffer.concat([fromCard, fromHost])) &&
      opened.length === 40 &&
      opened[39] === 0x80
    );
  }

  #put(channel: ChannelModel, { data }: Command): void {
    const objects = decodeTlvs(decodeTlv(0x70, data));
    const [reference] = findTlv(objects, 0x84) ?? [];
    if (reference !== 0x80) {
      this.#require(channel.user, 'a key was imported without the PIN');
      this.reached.keysMade++;
      return;
    }
    this.#require(channel.admin || this.#isBlank(), 'the admin key was replaced without it');
    this.secrets.adminKey = Buffer.from(
      findTlv(decodeTlvs(findTlv(objects, 0xa5) ?? data), 0x87) ?? [],
    );
    for (const each of this.#channels) each.admin = false;
    this.reached.adminKeys++;
  }

  #replacePin(pin: Uint8Array): void {
    const isLegal = pin.length >= SHORTEST_PIN && pin.length <= LONGEST_PIN;
    this.#require(isLegal, 'a PIN of illegal length was set');
    this.secrets.pin = Buffer.from(pin);
    this.pinTries = MOST_TRIES;
    for (const channel of this.#channels) channel.user = false;
    this.reached.pinChanges++;
  }

  #wrongPin(): void {
    this.reached.wrongPins++;
    this.pinTries--;
    if (this.pinTries === 0) for (const channel of this.#channels) channel.user = false;
  }

  #triesLeft(): number {
    return this.pinTries === 0 ? BLOCKED : WRONG | this.pinTries;
  }

  #expect(statusWord: number, expected: number): void {
    const said = `${statusWord.toString(16)} where ${expected.toString(16)} was right`;
    this.#require(statusWord === expected, said);
  }

  #require(isSo: boolean, problem: string): void {
    if (!isSo) throw new Misbehaviour(problem);
  }
}
