/** A PFX that cannot be read; its message says why, and holds nothing of its content. */
export class PfxError extends Error {
  override get name(): string {
    return 'PfxError';
  }
}

/** The password is another one than the file's. */
export class PfxPasswordError extends PfxError {}
