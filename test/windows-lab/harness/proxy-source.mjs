const TYPE_STRING = /__MIDL_TypeFormatString =\n[\s\S]*?\n};/;
const OUT_STRING =
  /(NdrFcShort\(0x2013\),[^\n]*\n[^\n]*stack offset[^\n]*\n\s*)NdrFcShort\(0x[0-9a-f]+\),(\s*)\/\* type offset = (\d+) \*\//g;

/**
 * Corrects what widl 7 and 8 write for `[out, string] WCHAR **`: the parameter's description points
 * at the string pointer instead of at the pointer to it, which stands right before, so the call
 * succeeds and the string is lost. A newer widl's text stays as it is.
 *
 * @param {string} source - what widl wrote for the proxy
 * @param {number} expected - how many such parameters there are
 */
export function correctOutStrings(source, expected) {
  const types = TYPE_STRING.exec(source)?.[0] ?? '';
  let found = 0;
  const corrected = source.replace(OUT_STRING, (_whole, before, space, text) => {
    found++;
    const offset = pointerToString(types, Number(text));
    return `${before}NdrFcShort(0x${offset.toString(16)}),${space}/* type offset = ${offset} */`;
  });
  if (found !== expected) throw new Error(`widl wrote ${found} out strings, not ${expected}`);
  return corrected;
}

/** Offset of the pointer to a string pointer, given its own or that of what it points to. */
function pointerToString(types, offset) {
  if (isPointerToPointer(types, offset)) return offset;
  const before = offset - 4;
  if (isPointerToPointer(types, before)) return before;
  throw new Error(`widl describes no out string at ${offset}`);
}

function isPointerToPointer(types, offset) {
  return new RegExp(`/\\* ${offset} \\([^)]*\\) \\*/\\s*0x11, 0x14,`).test(types);
}
