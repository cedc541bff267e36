import { readFile } from 'node:fs/promises';
import { COMMON_OPTIONS } from '../options.js';
import type { Verb } from '../verb.js';

/** The package's own package.json, three folders up from lib/cli/verbs and dist/cli/verbs. */
const PACKAGE = new URL('../../../package.json', import.meta.url);

export const version: Verb = {
  name: 'version',
  summary: 'show the version',
  options: COMMON_OPTIONS,
  examples: ['version'],
  async run() {
    const { name, version } = JSON.parse(await readFile(PACKAGE, 'utf8')) as PackageFile;
    return { document: { name, version }, lines: [`${name} ${version}`] };
  },
};

interface PackageFile {
  name: string;
  version: string;
}
