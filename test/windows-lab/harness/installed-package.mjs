import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installInto, packInto } from '../../../scripts/support/pack.mjs';

/** npm's options for a Windows that npm does not run on. */
const FOR_WINDOWS = ['--os=win32', '--cpu=x64'];

/** The package as a user of Windows has it: packed, and installed in a project away from this clone. */
export class InstalledPackage {
  /** The project's folder. */
  project;
  #folder;

  static async make() {
    const folder = mkdtempSync(join(tmpdir(), 'virtual-smartcard-project-'));
    const output = join(folder, 'tarball');
    const project = join(folder, 'project');
    try {
      mkdirSync(output);
      await installInto(await packInto(output), project, { options: FOR_WINDOWS });
      return new InstalledPackage(folder, project);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  constructor(folder, project) {
    this.#folder = folder;
    this.project = project;
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
