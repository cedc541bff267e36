const MAX_LENGTH = 128;
const MAX_ARC = 0xffff_ffff;

/** Whether a text is a dotted object identifier (X.660) whose numbers have at most 32 bits. */
export function isObjectIdentifier(text: unknown): text is string {
  if (
    typeof text !== 'string' ||
    text.length > MAX_LENGTH ||
    !/^[0-2](\.(0|[1-9][0-9]*))+$/.test(text)
  )
    return false;
  const [first = 0, second = 0, ...others] = text.split('.').map(Number);
  return (first === 2 || second < 40) && [second, ...others].every((arc) => arc <= MAX_ARC);
}
