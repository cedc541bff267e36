import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, filesOf, link } from '../harness/compile.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const FLAGS = ['-DWIN32_LEAN_AND_MEAN', '-DNOMINMAX'];
const FOLDERS = [
  'common',
  'card',
  'winscard',
  'ncrypt',
  'minidriver',
  'tbs',
  'csp',
  'certcli',
  'smartcards',
  'selftest',
];

/** What every one of them needs. */
const LIBRARIES = ['ws2_32', 'advapi32'];

/** The DLLs, the folders of their sources, and the libraries that only they need. */
const DLLS = {
  'winscard.dll': { folders: ['winscard'], libraries: [] },
  'tbs.dll': { folders: ['tbs'], libraries: [] },
  'ncrypt.dll': { folders: ['card', 'ncrypt'], libraries: ['bcrypt'] },
  'basecsp.dll': { folders: ['card', 'csp'], libraries: ['bcrypt'] },
  'certcli.dll': { folders: ['certcli'], libraries: ['ole32', 'oleaut32', 'uuid'] },
  'windows.devices.smartcards.dll': { folders: ['smartcards'], libraries: ['ole32', 'uuid'] },
  'msclmd.dll': { folders: ['card', 'minidriver'], libraries: ['bcrypt', 'winscard'] },
};

/** The programs that test them, and the libraries that those call. */
const SELF_TESTS = {
  'winscard_selftest.exe': ['winscard'],
  'tbs_selftest.exe': [],
  'ncrypt_selftest.exe': ['ncrypt'],
  'csp_selftest.exe': [],
  'minidriver_selftest.exe': ['winscard'],
  'certcli_selftest.exe': ['ole32', 'oleaut32', 'uuid'],
  'smartcards_selftest.exe': ['ole32', 'uuid'],
};

/** Names of the files that belong into the Wine prefix's system32. */
export const DOUBLES = [...Object.keys(DLLS), ...Object.keys(SELF_TESTS)];

/** What Windows' registry has about them: for `regedit /S`. */
export const REGISTRY = join(HERE, 'doubles.reg');

/** Compiles the doubles and their self-tests into `directory`. */
export async function buildDoubles(directory) {
  const headers = FOLDERS.flatMap((folder) => filesOf(join(HERE, folder), '.h'));
  const compiled = {};
  for (const folder of FOLDERS) {
    const sources = filesOf(join(HERE, folder), '.cc');
    const options = { headers, includes: [HERE], flags: FLAGS };
    compiled[folder] = await compile(join(directory, 'objects', folder), sources, options);
  }
  for (const [file, { folders, libraries }] of Object.entries(DLLS)) {
    const definition = join(HERE, folders.at(-1), file.replace(/\.dll$/, '.def'));
    const inputs = [...['common', ...folders].flatMap((name) => compiled[name]), definition];
    await link(join(directory, file), inputs, ['-shared', ...flagsOf(libraries)]);
  }
  for (const [file, libraries] of Object.entries(SELF_TESTS)) {
    const own = compiled.selftest.filter((object) => isPartOf(file, object));
    const inputs = [...compiled.common, ...own];
    await link(join(directory, file), inputs, flagsOf(libraries));
  }
}

/** A self-test is its own source file and what the self-tests share. */
function isPartOf(file, object) {
  return object.endsWith(`/${file.replace(/\.exe$/, '.o')}`) || !object.endsWith('_selftest.o');
}

function flagsOf(libraries) {
  return [...libraries, ...LIBRARIES].map((library) => `-l${library}`);
}
