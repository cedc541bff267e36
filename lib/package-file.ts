import { readFile } from 'node:fs/promises';

/** The package's own package.json, one folder up from lib and dist. */
const PACKAGE = new URL('../package.json', import.meta.url);

/** What this package says of itself. */
export async function readPackageFile(): Promise<{ name: string; version: string }> {
  return JSON.parse(await readFile(PACKAGE, 'utf8')) as { name: string; version: string };
}
