/** Type of the process warnings that the library gives. */
const LIBRARY_WARNING = 'VirtualSmartCardWarning';

/**
 * Hands the library's process warnings to `warn` instead of Node's own printing, which would begin
 * with a process id. Other warnings go where they always go.
 *
 * @returns what restores the printing
 */
export function watchWarnings(warn: (text: string) => void): () => void {
  const usual = process.listeners('warning');
  const listener = (warning: Error) => {
    if (warning.name === LIBRARY_WARNING) warn(warning.message);
    else for (const print of usual) print(warning);
  };
  process.removeAllListeners('warning');
  process.on('warning', listener);
  return () => {
    process.off('warning', listener);
    for (const print of usual) process.on('warning', print);
  };
}
