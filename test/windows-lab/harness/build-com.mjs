import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, filesOf, link, newest, tool } from './compile.mjs';
import { PROGRAMS, SOURCES } from './paths.mjs';
import { correctOutStrings } from './proxy-source.mjs';

const WIDL = 'x86_64-w64-mingw32-widl';
const COM = join(SOURCES, 'com');
const DOUBLES = join(SOURCES, 'doubles');
const GENERATED = join(PROGRAMS, 'generated');
const OBJECTS = join(PROGRAMS, 'objects-com');

export const SERVER = join(PROGRAMS, 'TpmVscMgrSvr.exe');
/** Calls the server as a test tells it to. */
export const CLIENT = join(PROGRAMS, 'manager_client.exe');
export const PROXY = join(PROGRAMS, 'tpmvscmgr_proxy.dll');
export const RANDOM = join(PROGRAMS, 'bcryptprimitives.dll');

/** Three methods have one: the instance id of the card that they created. */
const OUT_STRINGS = 3;

/** Builds the COM server, its proxy and stub, and the DLL that vitest misses in Wine. */
export async function buildCom() {
  await generate();
  await buildProxy();
  await buildPrograms();
  await buildRandom();
}

async function generate() {
  const idl = join(COM, 'tpmvscmgr.idl');
  const outputs = { '-h': 'tpmvscmgr.h', '-u': 'tpmvscmgr_i.c', '-p': 'tpmvscmgr_p.c' };
  const files = [...Object.values(outputs), 'dlldata.c'].map((name) => join(GENERATED, name));
  const builder = new URL('proxy-source.mjs', import.meta.url).pathname;
  const oldest = Math.min(...files.map((file) => newest([file])));
  if (oldest > newest([idl, join(COM, 'unknwn.idl'), builder])) return;
  mkdirSync(GENERATED, { recursive: true });
  const flags = ['--win64', '-Oicf', '--nostdinc', '-I', COM];
  for (const [kind, name] of Object.entries(outputs)) {
    await tool(WIDL, [...flags, kind, '-o', join(GENERATED, name), idl]);
  }
  await tool(WIDL, [...flags, '--dlldata-only', '-o', join(GENERATED, 'dlldata.c'), 'tpmvscmgr']);
  const proxy = join(GENERATED, outputs['-p']);
  writeFileSync(proxy, correctOutStrings(readFileSync(proxy, 'utf8'), OUT_STRINGS));
}

async function buildProxy() {
  const sources = ['dlldata.c', 'tpmvscmgr_i.c', 'tpmvscmgr_p.c'];
  const paths = sources.map((name) => join(GENERATED, name));
  const declarations = join(COM, 'proxy.h');
  const objects = await compile(join(OBJECTS, 'proxy'), paths, {
    headers: [join(GENERATED, 'tpmvscmgr.h'), declarations],
    includes: [GENERATED],
    flags: ['-DREGISTER_PROXY_DLL', '-include', declarations],
  });
  const definition = join(COM, 'proxy.def');
  const libraries = ['-lrpcrt4', '-lole32', '-luuid'];
  await link(PROXY, [...objects, definition], ['-shared', ...libraries]);
}

/** The server and the client that tests it share what the other doubles share. */
async function buildPrograms() {
  const common = join(DOUBLES, 'common');
  const options = {
    headers: [
      ...[join(COM, 'server'), join(COM, 'client'), common].flatMap((name) => filesOf(name, '.h')),
      join(GENERATED, 'tpmvscmgr.h'),
    ],
    includes: [GENERATED, COM, DOUBLES],
  };
  const ids = [join(GENERATED, 'tpmvscmgr_i.c')];
  const shared = await compile(
    join(OBJECTS, 'common'),
    [...filesOf(common, '.cc'), ...ids],
    options,
  );
  const program = async (output, folder, libraries) => {
    const own = await compile(join(OBJECTS, folder), filesOf(join(COM, folder), '.cc'), options);
    const all = ['ole32', 'uuid', 'ws2_32', 'advapi32', ...libraries].map((name) => `-l${name}`);
    await link(output, [...own, ...shared], all);
  };
  await program(SERVER, 'server', ['bcrypt']);
  await program(CLIENT, 'client', []);
}

async function buildRandom() {
  const source = join(SOURCES, 'com', 'bcryptprimitives.c');
  const objects = await compile(join(OBJECTS, 'random'), [source], { headers: [] });
  await link(RANDOM, objects, ['-shared', '-ladvapi32']);
}
