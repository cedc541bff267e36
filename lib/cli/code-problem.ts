import { VirtualSmartCardError } from '../index.js';

/** Says what is wrong with a typed challenge or response, if something is. */
export function codeProblem(
  parse: (text: string) => unknown,
): (typed: Uint8Array) => string | undefined {
  return (typed) => {
    try {
      parse(Buffer.from(typed).toString());
      return undefined;
    } catch (error) {
      if (!VirtualSmartCardError.is(error)) throw error;
      return error.message;
    }
  };
}
