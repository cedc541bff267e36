import { describe } from 'vitest';
import { testBinaries } from './binaries.js';
import { testContents } from './contents.js';
import { testInstallation } from './install.js';
import { packOnce } from './packed.js';

// One file, since packing builds: two would build at the same time in the same folders.
const packed = packOnce();

describe('what npm packs', () => testContents(packed));
describe('its addons', () => testBinaries(packed));
describe('installed', () => testInstallation(packed));
