import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, filesOf, link, newest, tool } from './compile.mjs';
import { PROGRAMS, SOURCES } from './paths.mjs';
import { correctOutStrings } from './proxy-source.mjs';

const WIDL = 'x86_64-w64-mingw32-widl';
const COM = join(SOURCES, 'com');
const DOUBLES = join(SOURCES, 'doubles');
/** The interfaces of the managers as widl makes them of their published definitions. */
export const GENERATED = join(PROGRAMS, 'generated');
const OBJECTS = join(PROGRAMS, 'objects-com');

export const SERVER = join(PROGRAMS, 'TpmVscMgrSvr.exe');
/** Calls the server as a test tells it to. */
export const CLIENT = join(PROGRAMS, 'manager_client.exe');
/** Measures what processes take of the system. */
export const RESOURCES = join(PROGRAMS, 'process_resources.exe');
export const PROXY = join(PROGRAMS, 'tpmvscmgr_proxy.dll');
export const RANDOM = join(PROGRAMS, 'bcryptprimitives.dll');

/** The programs, by the folders of their sources, with the libraries that only they need. */
const PROGRAM_FOLDERS = {
  'com/server': [SERVER, 'bcrypt'],
  'com/client': [CLIENT],
  resources: [RESOURCES, 'ntdll'],
};

/** Three methods have one: the instance id of the card that they created. */
const OUT_STRINGS = 3;

/** Builds the lab's programs, the COM server's proxy and stub, and the DLL that vitest misses in Wine. */
export async function buildCom() {
  await generateInterfaces();
  await buildProxy();
  await buildPrograms();
  await buildRandom();
}

/** Makes what is in {@link GENERATED}. */
export async function generateInterfaces() {
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
  const folder = join(COM, 'proxy');
  const sources = ['dlldata.c', 'tpmvscmgr_i.c', 'tpmvscmgr_p.c'];
  const generated = sources.map((name) => join(GENERATED, name));
  const declarations = join(folder, 'proxy.h');
  const paths = [...generated, ...filesOf(folder, '.cc')];
  const objects = await compile(join(OBJECTS, 'proxy'), paths, {
    headers: [join(GENERATED, 'tpmvscmgr.h'), ...filesOf(folder, '.h')],
    includes: [GENERATED, COM],
    flags: ['-DREGISTER_PROXY_DLL', '-include', declarations],
  });
  const definition = join(folder, 'proxy.def');
  const libraries = ['-lrpcrt4', '-lole32', '-luuid'];
  await link(PROXY, [...objects, definition], ['-shared', ...libraries]);
}

/** They share what the doubles share. */
async function buildPrograms() {
  const common = join(DOUBLES, 'common');
  const options = {
    headers: [
      ...[...Object.keys(PROGRAM_FOLDERS).map((name) => join(SOURCES, name)), common].flatMap(
        (name) => filesOf(name, '.h'),
      ),
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
    const sources = filesOf(join(SOURCES, folder), '.cc');
    const own = await compile(join(OBJECTS, folder), sources, options);
    const all = ['ole32', 'uuid', 'ws2_32', 'advapi32', ...libraries].map((name) => `-l${name}`);
    await link(output, [...own, ...shared], all);
  };
  for (const [folder, [output, ...libraries]] of Object.entries(PROGRAM_FOLDERS)) {
    await program(output, folder, libraries);
  }
}

async function buildRandom() {
  const source = join(SOURCES, 'com', 'bcryptprimitives.c');
  const objects = await compile(join(OBJECTS, 'random'), [source], { headers: [] });
  await link(RANDOM, objects, ['-shared', '-ladvapi32']);
}
