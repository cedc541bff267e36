import { randomInt } from 'node:crypto';
import { VirtualSmartCardError } from '../../errors.js';
import { nvName } from '../../tpm/name.js';
import { Tpm } from '../../tpm/tpm.js';

/**
 * The NV indices of the cards. Two kinds exist: the PIN index, which counts wrong PINs in the TPM
 * ("TPM 2.0 Library, Part 1", 37.2.8 PIN indices), and the file secret, half of what decrypts a
 * card's file and gone for ever when it is undefined.
 */

const TPMA_NV_OWNERWRITE = 1 << 1;
const TPMA_NV_POLICYWRITE = 1 << 3;
const TPMA_NV_OWNERREAD = 1 << 17;
const TPMA_NV_AUTHREAD = 1 << 18;
const TPMA_NV_NO_DA = 1 << 25;
const TPMA_NV_WRITTEN = 1 << 29;
const TPM_NT_PIN_FAIL = 8 << 4;

const NONE = Buffer.alloc(0);
const SHARED = TPMA_NV_OWNERREAD | TPMA_NV_NO_DA;

/**
 * What may be defined: the public area tells our indices from those of others. The PIN index is
 * written once: an owner who could write it again could reset its count, and so try PINs without
 * end. The file secret has no AUTHREAD, which with its empty authValue would let everybody read it.
 */
export const PIN_INDEX = {
  attributes: SHARED | TPMA_NV_POLICYWRITE | TPMA_NV_AUTHREAD | TPM_NT_PIN_FAIL,
  dataSize: 8,
  authPolicy: Tpm.writeOncePolicyDigest(),
} as const;
export const FILE_SECRET_INDEX = {
  attributes: SHARED | TPMA_NV_OWNERWRITE,
  dataSize: 32,
  authPolicy: NONE,
} as const;

/** Part of the range that TCG's registry leaves to the owner's software. */
const FIRST = 0x01860000;
const COUNT = 0x10000;

/** A handle of our range; random, so that one that was given up is not soon used again. */
export function chooseIndex(taken: ReadonlySet<number>): number {
  for (;;) {
    const index = FIRST + randomInt(COUNT);
    if (!taken.has(index)) return index;
  }
}

/** True when the handle is in the range from which ours are chosen. */
export function isInOurRange(index: number): boolean {
  return index >= FIRST && index < FIRST + COUNT;
}

/** The Name of a PIN index that has been written, which its sealed object's policy refers to. */
export function pinIndexName(index: number): Buffer {
  return nvName({
    index,
    ...PIN_INDEX,
    attributes: PIN_INDEX.attributes | TPMA_NV_WRITTEN,
  });
}

/** Undefines an index if it is there and has a public area that only ours have. */
export async function undefineIfOurs(tpm: Tpm, index: number): Promise<void> {
  if (!isInOurRange(index)) return;
  const found = await tpm.nvReadPublic(index);
  if (!found) return;
  const attributes = (found.attributes & ~TPMA_NV_WRITTEN) >>> 0;
  const isOurs = [PIN_INDEX, FILE_SECRET_INDEX].some(
    (kind) =>
      kind.attributes === attributes &&
      kind.dataSize === found.dataSize &&
      kind.authPolicy.equals(found.authPolicy),
  );
  if (isOurs) await tpm.nvUndefine(index);
}

/** Defines a PIN index and writes its counter, once and for all. */
export async function definePinIndex(
  tpm: Tpm,
  index: number,
  authValue: Uint8Array,
  counter: Uint8Array,
): Promise<void> {
  const { attributes, dataSize } = PIN_INDEX;
  await tpm.nvDefineWritten(index, { attributes, dataSize, authValue }, counter);
}

/** Defines a file secret, which is nothing until it is written. */
export async function defineFileSecret(tpm: Tpm, index: number): Promise<void> {
  const { attributes, dataSize } = FILE_SECRET_INDEX;
  await tpm.nvDefine(index, { attributes, dataSize });
}

/** Handles that nobody uses now, as many as asked for. */
export async function freeIndexes(tpm: Tpm, count: number): Promise<number[]> {
  const taken = new Set<number>(await tpm.nvIndexes());
  if (taken.size + count > COUNT) {
    throw new VirtualSmartCardError('ERR_TPM_NV_FULL', 'The TPM has no free NV index left.');
  }
  return Array.from({ length: count }, () => {
    const index = chooseIndex(taken);
    taken.add(index);
    return index;
  });
}
