/** How an option of a verb is written and what it means. */
export interface Option {
  /** What follows it: nothing, one value, or every word up to the next option. */
  takes: 'nothing' | 'value' | 'words';
  /** What the help text calls its value. */
  value?: string;
  /** What it does, for the help text. */
  text: string;
  /** Further words for it after `/` or `-`, in lower case: tpmvscmgr's and certreq's. */
  words?: readonly string[];
  /** The only values it takes, in lower case; they may be typed in any case. */
  choices?: readonly string[];
  /** The secret that must not be given as its value; `choices` says how it is given instead. */
  secret?: string;
}

/** The options of a verb by their names, which `--` introduces. */
export type Options = Readonly<Record<string, Option>>;

/** Options that every verb has. */
export const COMMON_OPTIONS = {
  'state-directory': {
    takes: 'value',
    value: 'DIRECTORY',
    text: 'where the cards are kept (else VIRTUAL_SMARTCARD_HOME, else the data folder)',
  },
  tpm: {
    takes: 'value',
    value: 'ADDRESS',
    text: 'libtpms, device:/dev/tpmrm0, swtpm:unix:PATH or swtpm:tcp:HOST:PORT',
  },
  'certificate-store': {
    takes: 'value',
    text: "Windows: whether the cards' certificates are in your store of certificates, too (they are)",
    choices: ['currentuser', 'none'],
  },
  audit: {
    takes: 'value',
    value: 'FILE',
    text: 'append an event for each life-cycle act to a file, as JSON lines (else VIRTUAL_SMARTCARD_AUDIT)',
  },
  json: { takes: 'nothing', text: 'print one JSON document' },
  quiet: { takes: 'nothing', text: 'print the result only', words: ['q'] },
  help: { takes: 'nothing', text: 'explain the verb', words: ['?', 'h'] },
} as const satisfies Options;

/** For every verb that works on cards wherever they are. */
export const BACKEND_OPTION = {
  backend: {
    takes: 'value',
    value: 'WHICH',
    text: 'embedded: the cards of the store; windows; pcsc: the cards in the readers of pcscd',
    choices: ['embedded', 'windows', 'pcsc'],
  },
} as const satisfies Options;

/** Names the card, for every verb that works on one. */
export const INSTANCE_OPTION = {
  instance: {
    takes: 'value',
    value: 'ID',
    text: 'instance id of the card (with --backend pcsc its reader); may be left out when there is only one',
  },
} as const satisfies Options;

/** What every verb about one card has. */
export const CARD_OPTIONS = {
  ...COMMON_OPTIONS,
  ...BACKEND_OPTION,
  ...INSTANCE_OPTION,
} as const satisfies Options;

export const CONTAINER_OPTION = {
  container: {
    takes: 'value',
    value: 'NAME',
    text: 'container of the key; may be left out when there is only one',
  },
} as const satisfies Options;

export const PIN_STDIN_OPTION = {
  'pin-stdin': {
    takes: 'nothing',
    text: 'read the secrets from standard input, one line each in the order of the prompts',
  },
} as const satisfies Options;

/** The PIN of an existing card: the option exists so that `--pin 1234` can be refused. */
export const PIN_OPTION = {
  ...PIN_STDIN_OPTION,
  pin: {
    takes: 'value',
    value: 'prompt',
    text: 'ask for the PIN (this is what happens anyway)',
    choices: ['prompt'],
    secret: 'PIN',
  },
} as const satisfies Options;

/** Where a random or derived admin key goes in place of the screen. */
export const ADMIN_KEY_OUT_OPTION = {
  'admin-key-out': {
    takes: 'value',
    value: 'FILE',
    text: 'write the admin key to a new file that only you can read, and do not show it',
  },
} as const satisfies Options;

/** Another Windows machine, as tpmvscmgr has it. */
export const MACHINE_OPTION = {
  machine: { takes: 'value', value: 'NAME', text: 'another machine; Windows only' },
} as const satisfies Options;

export const FORCE_OPTION = {
  force: { takes: 'nothing', text: 'overwrite existing files', words: ['f'] },
} as const satisfies Options;
