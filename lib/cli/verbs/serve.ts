import { once } from 'node:events';
import type { PublishOptions } from '../../index.js';
import { usageError } from '../failure.js';
import { COMMON_OPTIONS } from '../options.js';
import type { Verb } from '../verb.js';

export const serve: Verb = {
  name: 'serve',
  summary: 'own the store and let the other processes of this user work with it',
  options: {
    ...COMMON_OPTIONS,
    publish: { takes: 'nothing', text: 'put the cards into readers of pcscd, too' },
    directory: {
      takes: 'value',
      value: 'DIRECTORY',
      text: 'with --publish: the directory that install-reader was given',
    },
  },
  examples: ['serve', 'serve --publish', 'serve --state-directory /srv/cards'],
  notes: [
    'Until Ctrl-C or SIGTERM every other program that opens the store, and every other verb, works' +
      ' through this process.',
  ],
  async run({ args, output, openManager, signal }) {
    const directory = args.value('directory');
    const publishes = args.has('publish');
    if (directory !== undefined && !publishes) throw usageError('--directory needs --publish.');
    const manager = await openManager();
    const onWarning: PublishOptions['onWarning'] = (warning) => output.warn(warning.message);
    const service = await manager.serve({ onWarning });
    if (publishes) await manager.publish({ directory, onWarning });
    output.note(`Serving at ${service.path}`);
    // What stops the program is how this verb ends.
    if (!signal.aborted) await once(signal, 'abort');
    await manager.close();
    return { document: { served: false } };
  },
};
