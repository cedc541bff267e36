/** Takes back one step of a change. */
type Undo = () => Promise<void>;

/**
 * Carries out a change of several steps, all or nothing. `work` registers before each step what
 * takes it back; when it fails, the steps are taken back from the last one, and its error is thrown.
 *
 * A step that cannot be taken back ends that: those before it stand as well, since it may rest on
 * them. The order of the steps is such that what is left is sound.
 */
export async function attempt<T>(work: (undo: (step: Undo) => void) => Promise<T>): Promise<T> {
  const steps: Undo[] = [];
  try {
    return await work((step) => steps.push(step));
  } catch (error) {
    await takeBack(steps);
    throw error;
  }
}

/**
 * Tidies up after a change that is done. What cannot be tidied now is no failure of the change: it
 * is out of sight, and the next change that needs its place removes it.
 */
export async function tidy(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch {
    // See above.
  }
}

async function takeBack(steps: Undo[]): Promise<void> {
  for (const step of steps.reverse()) {
    try {
      await step();
    } catch {
      // The error that made this necessary is the one to tell.
      return;
    }
  }
}
