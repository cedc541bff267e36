import type { CardState, ElementaryFile, KeyFile } from '../card-state.js';

/** The state with that elementary file put in or replaced. The given state stays as it is. */
export function withFile(state: CardState, fileId: number, file: ElementaryFile): CardState {
  return { ...state, files: new Map(state.files).set(fileId, file) };
}

/** The state with that key file put in or replaced. */
export function withKeyFile(state: CardState, keyReference: number, file: KeyFile): CardState {
  return { ...state, keys: new Map(state.keys).set(keyReference, file) };
}

/** The state without that elementary file. */
export function withoutFile(state: CardState, fileId: number): CardState {
  const files = new Map(state.files);
  files.delete(fileId);
  return { ...state, files };
}

/** The state without that key file. */
export function withoutKeyFile(state: CardState, keyReference: number): CardState {
  const keys = new Map(state.keys);
  keys.delete(keyReference);
  return { ...state, keys };
}

/** What a data object takes besides its value. */
const OBJECT_OVERHEAD = 32;

/** Bytes that the data objects of all files take. */
export function storedBytes(state: CardState): number {
  let sum = 0;
  for (const { objects } of state.files.values()) {
    for (const value of objects.values()) sum += value.length + OBJECT_OVERHEAD;
  }
  return sum;
}
