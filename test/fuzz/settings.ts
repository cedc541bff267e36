import { randomInt } from 'node:crypto';

/** The seed of a long run is another each time; VSC_FUZZ_SEED sets it. */
export function fuzzSeed(isLong: boolean): number {
  return number('VSC_FUZZ_SEED') ?? (isLong ? randomInt(2 ** 32) : 0x61d5);
}

/** VSC_FUZZ_CARD: the one card to fuzz again. */
export function replayedCard(): number | undefined {
  return number('VSC_FUZZ_CARD');
}

function number(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw new Error(`${name} is no number`);
  return value;
}
