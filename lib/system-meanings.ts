import type { VirtualSmartCardErrorCode } from './errors.js';

/** What a code of the system means to a user of the library: its error code, and what to do. */
export interface Meaning {
  code: VirtualSmartCardErrorCode;
  advice: string;
}

/** Codes of the system by what they mean: error code, advice, the numbers. */
export type MeaningTable = readonly (readonly [
  code: VirtualSmartCardErrorCode,
  advice: string,
  numbers: readonly number[],
])[];

/** A table's meanings by number. */
export function meaningsByNumber(table: MeaningTable): Map<number, Meaning> {
  return new Map(
    table.flatMap(([code, advice, numbers]) =>
      numbers.map((number): [number, Meaning] => [number, { code, advice }]),
    ),
  );
}
