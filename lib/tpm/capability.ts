import type { CommandRunner } from './command-runner.js';
import { TPM_CAP_HANDLES, TPM_CAP_TPM_PROPERTIES, TPM_CC } from './constants.js';
import { responseError } from './error.js';
import type { TpmReader } from './reader.js';
import { TpmWriter } from './writer.js';

/** TPM2_GetCapability (Part 3, 30.2). It needs no authorisation, so it may run out of turn. */

/** All handles of the type of `first` (its top byte), from `first` on, in ascending order. */
export async function readHandles(runner: CommandRunner, first: number): Promise<number[]> {
  const handles: number[] = [];
  for (let from = first, more = true; more; ) {
    const { list, moreData } = await getCapability(runner, TPM_CAP_HANDLES, from, 254);
    const page = list((reader) => reader.u32());
    handles.push(...page);
    const last = page.at(-1);
    if (moreData && (last === undefined || last < from)) {
      throw responseError('a list of handles that does not get on');
    }
    from = (last ?? from) + 1;
    more = moreData;
  }
  return handles;
}

/** TPM properties from `first` on, as many as are there, by property number. */
export async function readProperties(
  runner: CommandRunner,
  first: number,
  count: number,
): Promise<Map<number, number>> {
  const { list } = await getCapability(runner, TPM_CAP_TPM_PROPERTIES, first, count);
  return new Map(list((reader): [number, number] => [reader.u32(), reader.u32()]));
}

async function getCapability(
  runner: CommandRunner,
  capability: number,
  property: number,
  count: number,
): Promise<{ moreData: boolean; list: <T>(read: (reader: TpmReader) => T) => T[] }> {
  const parameters = new TpmWriter(12).u32(capability).u32(property).u32(count).bytes;
  const { reader } = await runner.run({ code: TPM_CC.GetCapability, parameters });
  const moreData = reader.u8() !== 0;
  if (reader.u32() !== capability) throw responseError('another capability than was asked for');
  return {
    moreData,
    list: (read) => {
      const items = [];
      for (let left = reader.u32(); left > 0; left -= 1) items.push(read(reader));
      reader.end();
      return items;
    },
  };
}
