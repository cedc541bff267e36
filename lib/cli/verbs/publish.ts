import { once } from 'node:events';
import type { CardInfo, PublishOptions } from '../../index.js';
import type { Arguments } from '../arguments.js';
import { usageError } from '../failure.js';
import { COMMON_OPTIONS } from '../options.js';
import type { Verb } from '../verb.js';

export const publish: Verb = {
  name: 'publish',
  summary: 'put the cards into readers of pcscd until it is stopped',
  options: {
    ...COMMON_OPTIONS,
    directory: {
      takes: 'value',
      value: 'DIRECTORY',
      text: 'the directory that install-reader was given',
    },
    'insecure-vpcd': {
      takes: 'nothing',
      text: 'use the driver vpcd, which lets anybody pose as the card and receive PINs',
    },
    'vpcd-port': { takes: 'value', value: 'PORT', text: "port of vpcd's first reader" },
  },
  examples: ['publish', 'publish --state-directory /srv/cards'],
  notes: [
    'The reader is installed once, as root, by "install-reader". Until Ctrl-C the cards that there are' +
      ' and those that come are in it.',
  ],
  async run({ args, output, openManager, signal }) {
    const options = publishOptions(args);
    const manager = await openManager();
    const onWarning: PublishOptions['onWarning'] = (warning) => output.warn(warning.message);
    const publication = await manager.publish({ ...options, onWarning });
    output.note(...(await manager.list()).flatMap(readerLine));
    // What stops the program is how this verb ends.
    if (!signal.aborted) await once(signal, 'abort');
    await publication.close();
    return { document: { published: false } };
  },
};

function publishOptions(args: Arguments): PublishOptions {
  const port = args.value('vpcd-port');
  if (port !== undefined && !/^[0-9]{1,5}$/.test(port)) {
    throw usageError('--vpcd-port takes a number.');
  }
  return {
    directory: args.value('directory'),
    insecureVpcd: args.has('insecure-vpcd'),
    vpcdPort: port === undefined ? undefined : Number(port),
  };
}

function readerLine({ readerName, instanceId, name }: CardInfo): string[] {
  return readerName === undefined ? [] : [`${readerName}: ${instanceId} ${name}`];
}
