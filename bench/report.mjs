/** One measurement of two things in turn, as a line. */
export function line(name, { one, other, ratio, low, high, pairs: count }, note = '') {
  const interval = `${low.toFixed(3)}–${high.toFixed(3)}`;
  console.log(
    `${name.padEnd(62)} ${one.toFixed(3).padStart(8)} ms against ${other.toFixed(3).padStart(8)} ms ` +
      `ratio ${ratio.toFixed(3)} (95 %: ${interval}, ${count} pairs)${note}`,
  );
}
