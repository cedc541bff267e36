import { serialize } from 'node:v8';
import type { CardState } from '../../lib/gids/card-state.js';
import type { ApduChannel } from '../../lib/gids/channel.js';
import { SeededRandom } from '../support/random.js';
import { CardModel, type Reached } from './card-model.js';
import type { ChannelModel } from './channel-model.js';
import { type Command, putTogether } from './command.js';
import type { Sequence } from './corpus.js';
import { deliver } from './delivery.js';
import { unexpectedFailure, wrongChange } from './inspection.js';
import { mutateBytes, mutateCommand } from './mutations.js';
import { RECORDED } from './recorded-secrets.js';
import { respondTo } from './secrets.js';
import type { FuzzTarget } from './target.js';

const CHANNELS = 3;
/** However busy the machine is, no command takes so long. */
const LONGEST_MILLISECONDS = 30_000;

export interface FuzzerOptions {
  seed: number;
  corpus: readonly Sequence[];
  /** Is counted up. */
  reached: Reached;
  /** An outsider knows none of the card's secrets; others use them. */
  isOutsider: boolean;
}

/** MSE SET by which a key KK is chosen, and the operation with data as long as it takes. */
const KEY_USES = [
  { choice: '002241B6068001568401KK', p1: 0x9e, p2: 0x9a, length: 51 },
  { choice: '002241B6068001168401KK', p1: 0x9e, p2: 0x9a, length: 128 },
  { choice: '002241B60680010C8401KK', p1: 0x9e, p2: 0x9a, length: 32 },
  { choice: '002241B60680011C8401KK', p1: 0x9e, p2: 0x9a, length: 48 },
  { choice: '002241B8068001068401KK', p1: 0x80, p2: 0x86, length: 128 },
  { choice: '002241B8068001468401KK', p1: 0x80, p2: 0x86, length: 128 },
  { choice: '002241B8068001868401KK', p1: 0x80, p2: 0x86, length: 128 },
] as const;

/** Fuzzes one card. The same seed sends the same commands, but for what answers a random challenge. */
export class Fuzzer {
  /** APDUs sent so far. */
  sent = 0;
  /** What was sent, to be shown when something goes wrong: the last of it. */
  readonly #history: string[] = [];
  readonly #random: SeededRandom;
  readonly #corpus: readonly Sequence[];
  readonly #target: FuzzTarget;
  readonly #model: CardModel;
  readonly #channels: { channel: ApduChannel; model: ChannelModel }[] = [];
  readonly #isOutsider: boolean;
  readonly #snapshots: [CardState, Buffer][] = [];

  private constructor(target: FuzzTarget, options: FuzzerOptions) {
    this.#target = target;
    this.#random = new SeededRandom(options.seed);
    this.#corpus = options.corpus;
    this.#isOutsider = options.isOutsider;
    this.#model = new CardModel(target.secrets, () => target.isBlank, options.reached);
  }

  static async start(target: FuzzTarget, options: FuzzerOptions): Promise<Fuzzer> {
    const fuzzer = new Fuzzer(target, options);
    for (let count = 0; count < CHANNELS; count++) {
      const channel = await fuzzer.#target.connect();
      fuzzer.#channels.push({ channel, model: fuzzer.#model.connect() });
    }
    return fuzzer;
  }

  /** The card's PIN now, as the model has it; undefined when it is blocked. */
  get pin(): Buffer | undefined {
    return this.#model.pinTries > 0 ? this.#model.secrets.pin : undefined;
  }

  /** Sends at least so many APDUs. */
  async run(apdus: number): Promise<void> {
    while (this.sent < apdus) await this.#step();
  }

  /** Whether the states that the card had are what they were: none is changed in place. */
  get areStatesIntact(): boolean {
    return this.#snapshots.every(([state, bytes]) => inBytes(state).equals(bytes));
  }

  /** The last APDUs, oldest first, for an error's text. */
  get history(): string {
    return this.#history.join('\n');
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const which = random.below(8) === 0 ? random.below(CHANNELS) : 0;
    const kind = random.below(40);
    if (kind < 8) return this.#play(which, random.pick([0, 0, 1, 4]));
    if (kind < 16) return this.#useKey(which);
    if (kind < 30) return this.#command(which, this.#mutant(this.#anyCommand()));
    if (kind < 32) {
      await this.#send(which, this.#rubbish());
      return;
    }
    if (kind < 34) return this.#atOnce();
    if (kind === 34) return this.#reset(which);
    if (this.#isOutsider) return this.#command(which, this.#anyCommand());
    if (kind === 35) return this.#authenticate(which);
    if (kind === 36) return this.#unblock(which);
    return this.#logIn(which);
  }

  /** Plays a recorded sequence; of `wrong` of 8 commands mutants are sent. */
  async #play(which: number, wrong: number): Promise<void> {
    for (const command of this.#random.pick(this.#corpus)) {
      const isMutant = this.#random.below(8) < wrong;
      await this.#command(which, isMutant ? this.#mutant(command) : command);
      if (this.#random.below(30) === 0) return;
    }
  }

  async #command(which: number, command: Command): Promise<void> {
    const known = this.#withSecrets(command);
    for (const { apdu, elsewhere } of deliver(this.#random, known, this.#anyCommand())) {
      const response = await this.#send(elsewhere ? this.#random.below(CHANNELS) : which, apdu);
      if (response[response.length - 2] === 0x61) await this.#fetch(which, response);
    }
  }

  /** GET RESPONSE as it should be, or in an odd length, by another channel, or not at all. */
  async #fetch(which: number, response: Buffer): Promise<void> {
    let last = response;
    for (let rounds = 0; rounds < 8 && last[last.length - 2] === 0x61; rounds++) {
      const odd = this.#random.below(8);
      if (odd === 0) return;
      const le = odd === 1 ? this.#random.below(256) : (last[last.length - 1] ?? 0);
      const channel = odd === 2 ? this.#random.below(CHANNELS) : which;
      const ne = odd === 3 ? 65536 : le || 256;
      const header = { cla: 0, ins: 0xc0, p1: 0, p2: odd === 4 ? 1 : 0 };
      last = await this.#send(channel, putTogether({ ...header, data: new Uint8Array(0), ne }));
    }
  }

  /** Commands on several channels, none waiting for the one before. */
  async #atOnce(): Promise<void> {
    const sendings = Array.from({ length: 2 + this.#random.below(4) }, () => ({
      which: this.#random.below(CHANNELS),
      apdu: putTogether(this.#withSecrets(this.#mutant(this.#anyCommand()))),
    }));
    const responses = await Promise.all(
      sendings.map(({ which, apdu }) => this.#at(which).channel.transmit(apdu)),
    );
    for (const [at, { which, apdu }] of sendings.entries()) {
      this.#judge(which, apdu, responses[at] ?? Buffer.alloc(0));
    }
  }

  async #reset(which: number): Promise<void> {
    this.#note(`${which}: reset`);
    await this.#at(which).channel.reset();
    this.#at(which).model.reset();
  }

  async #logIn(which: number): Promise<void> {
    if (this.#isOutsider) return;
    await this.#send(which, verify(this.#model.secrets.pin));
  }

  /** Chooses a key and uses it; often something comes in between, such as a log-out. */
  async #useKey(which: number): Promise<void> {
    const random = this.#random;
    if (random.below(2) === 0) await this.#logIn(which);
    const reference = 0x81 + random.below(4);
    const use = random.pick(KEY_USES);
    const choice = use.choice.replace('KK', reference.toString(16));
    await this.#send(which, Buffer.from(choice, 'hex'));
    const between = random.below(8);
    if (between === 0) await this.#send(which, Buffer.from('00200082', 'hex'));
    if (between === 1) await this.#reset(random.below(CHANNELS));
    if (between === 2) await this.#command(which, this.#anyCommand());
    if (between === 3) await this.#logIn(random.below(CHANNELS));
    const data = random.bytes(use.length);
    data[0] = 0;
    const ne = random.below(4) === 0 ? undefined : 256;
    const operation = { cla: 0, ins: 0x2a, p1: use.p1, p2: use.p2, data, ne };
    await this.#command(which, random.below(4) === 0 ? this.#mutant(operation) : operation);
  }

  /** Proves the admin key; sometimes something comes in between. */
  async #authenticate(which: number): Promise<void> {
    await this.#send(which, Buffer.from('002281A403830180', 'hex'));
    await this.#send(which, Buffer.from('00870000047C02810000', 'hex'));
    if (this.#random.below(4) === 0) await this.#command(which, this.#anyCommand());
    const { challenge } = this.#at(which).model;
    if (challenge?.fromHost.length !== 0) return;
    const response = respondTo(challenge.fromCard, this.#model.secrets.adminKey);
    const proof = Buffer.concat([Buffer.from('008700000C7C0A8208', 'hex'), response]);
    await this.#send(which, proof);
    // What proved something once proves nothing again.
    if (this.#random.below(4) === 0) await this.#send(this.#random.below(CHANNELS), proof);
  }

  /** By PUK, or by the admin key where there is none. */
  async #unblock(which: number): Promise<void> {
    const { puk } = this.#model.secrets;
    if (!puk) await this.#authenticate(which);
    const data = Buffer.concat([puk ?? Buffer.alloc(0), RECORDED.pin]);
    const header = { cla: 0, ins: 0x2c, p1: puk ? 0x00 : 0x02, p2: 0x80 };
    await this.#send(which, putTogether({ ...header, data, ne: undefined }));
  }

  async #send(which: number, apdu: Buffer): Promise<Buffer> {
    const { channel, model } = this.#at(which);
    const before = this.#target.state;
    if (before && this.sent % 100 === 0) this.#snapshots.push([before, inBytes(before)]);
    const response = await answerOf(channel, apdu);
    const { user, admin } = model;
    this.#judge(which, apdu, response);
    const failure = unexpectedFailure(channel.takeFailure?.());
    if (failure) throw new Error('the command failed inside', { cause: failure });
    const after = this.#target.state;
    if (!before || before === after || !after) return response;
    const succeeded = [0x90, 0x61].includes(response[response.length - 2] ?? 0);
    const wrong = wrongChange(before, after, { user, admin, succeeded });
    if (wrong) throw new Error(wrong);
    return response;
  }

  #judge(which: number, apdu: Buffer, response: Buffer): void {
    this.sent++;
    this.#note(`${which}: ${show(apdu)} -> ${show(response)}`);
    const problem = this.#at(which).model.answered(apdu, response);
    if (problem) throw new Error(problem);
    if (this.#isOutsider && this.#model.isAnybodyThere) throw new Error('an outsider was let in');
  }

  #mutant(command: Command): Command {
    let mutant = command;
    for (let rounds = this.#random.below(3) + 1; rounds > 0; rounds--) {
      mutant = mutateCommand(this.#random, mutant, this.#anyCommand());
    }
    return mutant;
  }

  #anyCommand(): Command {
    return this.#random.pick(this.#random.pick(this.#corpus));
  }

  #rubbish(): Buffer {
    const bytes = this.#random.bytes(this.#random.below(300));
    return this.#random.below(2) === 0 ? bytes : mutateBytes(this.#random, bytes);
  }

  /** The recorded PIN gives way to the card's, except that an outsider does not know it. */
  #withSecrets(command: Command): Command {
    if (this.#isOutsider || (command.ins !== 0x20 && command.ins !== 0x24)) return command;
    const at = Buffer.from(command.data).indexOf(RECORDED.pin);
    if (at < 0) return command;
    const [before, after] = [
      command.data.subarray(0, at),
      command.data.subarray(at + RECORDED.pin.length),
    ];
    return { ...command, data: Buffer.concat([before, this.#model.secrets.pin, after]) };
  }

  #at(which: number): { channel: ApduChannel; model: ChannelModel } {
    const found = this.#channels[which];
    if (!found) throw new RangeError('no such channel');
    return found;
  }

  #note(line: string): void {
    this.#history.push(line);
    if (this.#history.length > 60) this.#history.shift();
  }
}

function verify(pin: Uint8Array): Buffer {
  return putTogether({ cla: 0, ins: 0x20, p1: 0, p2: 0x80, data: pin, ne: undefined });
}

function inBytes(state: CardState): Buffer {
  return serialize(state);
}

/** The answer, or an error when none comes. */
async function answerOf(channel: ApduChannel, apdu: Buffer): Promise<Buffer> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer to ${show(apdu)}`)), LONGEST_MILLISECONDS);
  });
  try {
    return await Promise.race([channel.transmit(apdu), hang]);
  } finally {
    clearTimeout(timer);
  }
}

function show(bytes: Buffer): string {
  const shown = bytes.subarray(0, 400).toString('hex').toUpperCase();
  return bytes.length > 400 ? `${shown}… (${bytes.length} bytes)` : shown;
}
