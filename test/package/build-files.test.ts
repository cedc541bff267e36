import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { findNodeHeaders } from '../../scripts/support/node-headers.mjs';
import { WINDOWS_LIBRARIES, windowsSources } from '../../scripts/support/windows-sources.mjs';

const CLONE = fileURLToPath(new URL('../../', import.meta.url));

interface Release {
  defines: string[];
  msvs_configuration_attributes: { SpectreMitigation: string };
  msvs_settings: {
    VCCLCompilerTool: { AdditionalOptions: string[]; WarningLevel: string };
    VCLinkerTool: { AdditionalOptions: string[]; DelayLoadDLLs: string[] };
  };
}

interface Target {
  sources: string[];
  libraries: string[];
  configurations: { Release: Release };
}

/** What node-gyp would build on Windows, by its own reading of binding.gyp. */
function targetOnWindows(architecture: string): Target {
  const folder = mkdtempSync(join(tmpdir(), 'vsc-gyp-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['binding.gyp', 'package.json']) cpSync(join(CLONE, name), join(folder, name));
  for (const name of ['native', 'node_modules']) symlinkSync(join(CLONE, name), join(folder, name));
  const nodeGyp = join(CLONE, 'node_modules/node-gyp/bin/node-gyp.js');
  const options = [`--directory=${folder}`, `--arch=${architecture}`, '--loglevel=error'];
  const headers = `--nodedir=${findNodeHeaders()}`;
  const evaluate = ['configure', ...options, headers, '--', '-fgypd', '-DOS=win'];
  execFileSync(process.execPath, [nodeGyp, ...evaluate]);
  // gyp writes it down as Python does.
  const program = 'import ast, json, sys; print(json.dumps(ast.literal_eval(sys.stdin.read())))';
  const text = readFileSync(join(folder, 'binding.gypd'));
  const evaluated = execFileSync('python3', ['-c', program], { input: text, encoding: 'utf8' });
  const { targets } = JSON.parse(evaluated) as { targets: (Target & { target_name: string })[] };
  const target = targets.find(({ target_name: name }) => name === 'virtual_smartcard');
  if (!target) throw new Error('binding.gyp has no such target');
  return target;
}

test.each(['x64', 'arm64'])(
  'binding.gyp builds for Windows on %s what build-windows.mjs builds, hardened',
  (architecture) => {
    const { sources, libraries, configurations } = targetOnWindows(architecture);
    const own = sources.filter((source) => !source.endsWith('win_delay_load_hook.cc'));
    expect(own).toEqual(windowsSources());
    expect(sources).toHaveLength(own.length + 1);
    expect(libraries).toEqual(
      expect.arrayContaining(WINDOWS_LIBRARIES.map((name) => `-l${name}.lib`)),
    );
    const { defines, msvs_settings: settings, ...release } = configurations.Release;
    expect(defines).toEqual(
      expect.arrayContaining(['NAPI_VERSION=8', 'NAPI_CPP_EXCEPTIONS', 'UNICODE', 'NOMINMAX']),
    );
    const { VCCLCompilerTool: compiler, VCLinkerTool: linker } = settings;
    expect(compiler.AdditionalOptions).toEqual(
      expect.arrayContaining(['/std:c++17', '/guard:cf', '/sdl', '/permissive-']),
    );
    expect(compiler.WarningLevel).toBe('4');
    expect(release.msvs_configuration_attributes.SpectreMitigation).toBe('Spectre');
    expect(linker.AdditionalOptions).toContain('/guard:cf');
    expect(linker.AdditionalOptions.includes('/CETCOMPAT')).toBe(architecture === 'x64');
    expect(linker.DelayLoadDLLs).toHaveLength(1);
  },
);
