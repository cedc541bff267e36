/** The first one's value once all have ended, so that nothing still runs when one has failed. */
export async function allSettled<T>(first: Promise<T>, ...others: Promise<unknown>[]): Promise<T> {
  const [outcome, ...rest] = await Promise.allSettled([first, ...others]);
  for (const each of [outcome, ...rest]) if (each?.status === 'rejected') throw each.reason;
  return first;
}
