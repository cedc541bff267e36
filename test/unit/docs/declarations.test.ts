import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** What projects of users have: no DOM, and the declarations of packages are checked, too. */
const STRICT: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  types: ['node'],
};

it('a project that checks the declarations of its packages compiles with ours, without the DOM', () => {
  const declarations = emitDeclarations();
  const index = `${ROOT}lib/index.d.ts`;
  expect(declarations.has(index)).toBe(true);

  const host = ts.createCompilerHost(STRICT);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => declarations.has(path) || (!isSource(path) && fileExists(path));
  host.readFile = (path) => declarations.get(path) ?? readFile(path);
  const program = ts.createProgram([index], STRICT, host);

  const messages = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    return `${file?.fileName.slice(ROOT.length)}: ${text}`;
  });
  expect(messages).toEqual([]);
  expect(program.getSourceFiles().filter(({ fileName }) => isSource(fileName))).toEqual([]);
});

/** The declarations as the build makes them, beside the sources but in memory. */
function emitDeclarations(): Map<string, string> {
  const { config } = ts.readConfigFile(`${ROOT}tsconfig.build.json`, ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const { outDir: _, ...beside } = options;
  const files = new Map<string, string>();
  const write: ts.WriteFileCallback = (path, text) => files.set(path, text);
  ts.createProgram(fileNames, beside).emit(undefined, write, undefined, true);
  return files;
}

function isSource(path: string): boolean {
  return path.startsWith(`${ROOT}lib/`) && !path.endsWith('.d.ts');
}
