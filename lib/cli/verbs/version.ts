import { readPackageFile } from '../../package-file.js';
import { COMMON_OPTIONS } from '../options.js';
import type { Verb } from '../verb.js';

export const version: Verb = {
  name: 'version',
  summary: 'show the version',
  options: COMMON_OPTIONS,
  examples: ['version'],
  async run() {
    const { name, version } = await readPackageFile();
    return { document: { name, version }, lines: [`${name} ${version}`] };
  },
};
