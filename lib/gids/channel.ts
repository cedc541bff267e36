/**
 * Something that takes a command APDU and returns its response APDU (data and status word): a card
 * in this process, a reader reached by PC/SC, a connection to `serve`.
 */
export interface ApduChannel {
  /**
   * Sends one command APDU and resolves to the response APDU, status word last. Calls may overlap
   * and are carried out in order. The channel copies what it keeps; the caller wipes its command.
   */
  transmit(command: Uint8Array): Promise<Buffer>;
  /**
   * Runs `work`, which uses this channel, with no command of another channel of the card in between
   * (a PC/SC transaction). A channel without it leaves that to chance.
   */
  exclusively?<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Resets the card's state on this channel: no PIN verified, nothing selected. Within `exclusively` a
   * channel may do it at the end, before another channel's command.
   */
  reset(): Promise<void>;
  /** Resets and lets go. Safe to call twice. */
  close(): Promise<void>;
  /**
   * The error behind the last status word, where the channel knows more than the status word says
   * (a card in this process does). Reading it clears it.
   */
  takeFailure?(): unknown;
  /**
   * An object that is another one whenever the card's files may have changed, where the channel can
   * tell without a command (a card in this process can); undefined elsewhere.
   */
  readonly revision?: object | undefined;
}
