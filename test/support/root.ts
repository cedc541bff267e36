/** pcscd, other users and what belongs to them are root's to play: without it a test cannot be run. */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new Error('This test starts pcscd or plays another user. Run the tests as root.');
}
