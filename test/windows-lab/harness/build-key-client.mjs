import { join } from 'node:path';
import { compile, filesOf, link } from './compile.mjs';
import { PROGRAMS, SOURCES } from './paths.mjs';

const KEYS = join(SOURCES, 'keys');
const CLIENT = join(KEYS, 'client');
const DOUBLES = join(SOURCES, 'doubles');
const COMMON = join(DOUBLES, 'common');

/** Uses a card's keys as programs do that know nothing but the user's certificates. */
export const KEY_CLIENT = join(PROGRAMS, 'key_client.exe');

// mingw-w64's ncrypt has BCrypt functions too, which Windows has in bcrypt.dll alone: that one first.
const LIBRARIES = ['crypt32', 'bcrypt', 'ncrypt', 'ws2_32', 'advapi32'];

/** Builds it: of its own sources and what the doubles share, nothing of the product. */
export async function buildKeyClient() {
  const objects = await compile(
    join(PROGRAMS, 'objects-key-client'),
    [CLIENT, COMMON].flatMap((folder) => filesOf(folder, '.cc')),
    {
      headers: [CLIENT, COMMON].flatMap((folder) => filesOf(folder, '.h')),
      includes: [KEYS, DOUBLES],
      flags: ['-DWIN32_LEAN_AND_MEAN', '-DNOMINMAX'],
    },
  );
  await link(
    KEY_CLIENT,
    objects,
    LIBRARIES.map((name) => `-l${name}`),
  );
}
