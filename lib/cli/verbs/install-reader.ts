import { userInfo } from 'node:os';
import {
  findUser,
  installReader,
  READER_PLACES,
  type ReaderPlaces,
  readerConfiguration,
  uninstallReader,
} from '../../pcsc/reader-installation.js';
import type { Arguments } from '../arguments.js';
import { COMMON_OPTIONS } from '../options.js';
import type { Verb } from '../verb.js';

const { json, quiet, help } = COMMON_OPTIONS;

const PLACE_OPTIONS = {
  directory: {
    takes: 'value',
    value: 'DIRECTORY',
    text: `where the driver's sockets are, default ${READER_PLACES.directory}`,
  },
  'config-dir': {
    takes: 'value',
    value: 'DIRECTORY',
    text: `pcscd's reader configurations, default ${READER_PLACES.configDirectory}`,
  },
  'library-dir': {
    takes: 'value',
    value: 'DIRECTORY',
    text: `where the driver is copied to, default ${READER_PLACES.libraryDirectory}`,
  },
} as const;

const RESTART = 'Restart pcscd, which reads it at its start only: sudo systemctl restart pcscd';

export const install: Verb = {
  name: 'install-reader',
  summary: 'install the reader that holds the cards in pcscd',
  options: {
    ...PLACE_OPTIONS,
    user: {
      takes: 'value',
      value: 'NAME',
      text: 'who may put cards into it; default: who called sudo, else this user',
    },
    print: { takes: 'nothing', text: 'show what would be written, and write nothing' },
    ...{ json, quiet, help },
  },
  examples: ['install-reader --print', 'install-reader --user alice'],
  notes: ['It needs root. pcscd has to be restarted afterwards.'],
  async run({ args }) {
    const places = placesOf(args);
    const configuration = readerConfiguration(places);
    const user = args.value('user') ?? process.env['SUDO_USER'] ?? userInfo().username;
    const owner = await findUser(user);
    const document = { ...places, user, configuration };
    if (args.has('print')) {
      return {
        document: { ...document, installed: false },
        lines: [`# ${configuration.path}`, ...configuration.text.trimEnd().split('\n')],
        remarks: [`# ${places.directory} would belong to ${user}, with mode 700.`],
      };
    }
    await installReader(places, owner);
    return {
      document: { ...document, installed: true },
      remarks: [`The reader is in ${configuration.path}, for ${user}. ${RESTART}`],
    };
  },
};

export const uninstall: Verb = {
  name: 'uninstall-reader',
  summary: 'remove the reader of install-reader',
  options: { ...PLACE_OPTIONS, ...{ json, quiet, help } },
  examples: ['uninstall-reader'],
  notes: ['It needs root. pcscd has to be restarted afterwards. Cards are not touched.'],
  async run({ args }) {
    const removed = await uninstallReader(placesOf(args));
    const remark = removed ? `The reader was removed. ${RESTART}` : 'There was no reader of ours.';
    return { document: { removed }, remarks: [remark] };
  },
};

function placesOf(args: Arguments): ReaderPlaces {
  return {
    directory: args.value('directory') ?? READER_PLACES.directory,
    configDirectory: args.value('config-dir') ?? READER_PLACES.configDirectory,
    libraryDirectory: args.value('library-dir') ?? READER_PLACES.libraryDirectory,
  };
}
