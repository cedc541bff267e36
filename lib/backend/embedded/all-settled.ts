/** The first one's value once both have ended, so that nothing still runs when one has failed. */
export async function allSettled<T>(
  first: Promise<T>,
  second: Promise<unknown> | undefined,
): Promise<T> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === 'rejected') throw one.reason;
  if (other.status === 'rejected') throw other.reason;
  return one.value;
}
