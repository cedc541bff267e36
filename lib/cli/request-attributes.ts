import { usageError } from './failure.js';

/** What certreq's -attrib gives: attributes of a request for the CA. */
export type RequestAttributes = { name: string; value: string }[];

/** Between two: the letters \n as certreq has them, where another NAME: follows, or a line break. */
const BREAK = /\r?\n|\\n(?=[^:\\]+:)/;

/**
 * Reads `"NAME:VALUE\nNAME:VALUE"`.
 *
 * @throws CliError `ERR_USAGE`
 */
export function readRequestAttributes(text: string | undefined): RequestAttributes {
  const lines = (text ?? '').split(BREAK).filter((line) => line.trim() !== '');
  const names = new Set<string>();
  return lines.map((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim();
    const value = line.slice(colon + 1).trim();
    if (names.has(name.toLowerCase()))
      throw usageError(`--attrib gives ${name.slice(0, 80)} twice.`);
    names.add(name.toLowerCase());
    if (name !== '' && value !== '') return { name, value };
    throw usageError(
      `--attrib takes "NAME:VALUE", several joined by \\n, not "${line.slice(0, 80)}".`,
    );
  });
}
