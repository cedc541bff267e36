import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const INDEX = fileURLToPath(new URL('../../../lib/index.ts', import.meta.url));
const API_PAGE = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8');

const program = ts.createProgram([INDEX], {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  skipLibCheck: true,
  types: ['node'],
});
const checker = program.getTypeChecker();

/** What the package exports, and the public members of its classes and interfaces. */
const symbols = exported(INDEX).flatMap((symbol) => [
  { name: symbol.name, symbol },
  ...membersOf(symbol).map((member) => ({ name: `${symbol.name}.${member.name}`, symbol: member })),
]);

describe('what the package exports', () => {
  it('is found, with its members', () => {
    const names = symbols.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['VirtualSmartCard.enroll', 'CardInfo.state', 'AdminKey.random']),
    );
    expect(names.filter((name) => /#|\.prototype$|\.over$|\.load$/.test(name))).toEqual([]);
  });

  it('is all described', () => {
    expect(symbols.filter(({ symbol }) => textOf(symbol) === '').map(({ name }) => name)).toEqual(
      [],
    );
  });

  it('has an example wherever there is something to call', () => {
    const without = symbols.filter(
      ({ symbol }) => isForUse(symbol) && !tagsOf(symbol).includes('example'),
    );
    // What JavaScript itself calls.
    expect(without.map(({ name }) => name)).toEqual(['AdminKey.toString', 'AdminKey.toJSON']);
  });
});

describe('docs/api.md', () => {
  it('names whatever there is to call', () => {
    const called = symbols
      .filter(({ symbol }) => isForUse(symbol))
      .map(({ symbol }) => symbol.name)
      .filter((name) => name !== 'toString');
    expect(called.length).toBeGreaterThan(50);
    expect(called.filter((name) => !new RegExp(`\\b${name}\\b`).test(API_PAGE))).toEqual([]);
  });
});

function exported(path: string): ts.Symbol[] {
  const file = program.getSourceFile(path);
  const module = file && checker.getSymbolAtLocation(file);
  if (!module) throw new Error(`${path} is no module`);
  return checker
    .getExportsOfModule(module)
    .map((symbol) =>
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    );
}

function membersOf({ members, exports }: ts.Symbol): ts.Symbol[] {
  return [...(members?.values() ?? []), ...(exports?.values() ?? [])].filter((member) => {
    const declaration = member.declarations?.[0];
    if (!declaration || !isNamed(declaration) || ts.isPrivateIdentifier(declaration.name)) {
      return false;
    }
    // Those of Symbol.dispose and the like have no name of their own.
    return ts.isIdentifier(declaration.name) && !tagsOf(member).includes('internal');
  });
}

function isNamed(node: ts.Declaration): node is ts.ClassElement & { name: ts.PropertyName } {
  return (ts.isClassElement(node) || ts.isTypeElement(node)) && node.name !== undefined;
}

/** Classes, functions, constants and methods: what a program uses, and not only names. */
function isForUse(symbol: ts.Symbol): boolean {
  const { Class, Function: Functions, Method, BlockScopedVariable } = ts.SymbolFlags;
  return (symbol.flags & (Class | Functions | Method | BlockScopedVariable)) !== 0;
}

/** With what is inherited from an interface that describes the same member. */
function textOf(symbol: ts.Symbol): string {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
}

function tagsOf(symbol: ts.Symbol): string[] {
  return symbol.getJsDocTags(checker).map(({ name }) => name);
}
