import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/store.js';

const PAGE = fileURLToPath(new URL('../../docs/signing.md', import.meta.url));
const LIBRARY = new URL('../../dist/index.js', import.meta.url).href;
const run = promisify(execFile);

test('docs/signing.md leads from a card to each kind of signature, as it stands', async () => {
  const folder = await temporaryDirectory();
  const text = await readFile(PAGE, 'utf8');
  const blocks = (language: string) =>
    [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
      ([, block = '']) => block,
    );
  const [first = '', ...others] = blocks('js');
  expect(first).toContain('manager.create');
  const program = `
    import { jwtVerify } from 'jose';
    import { AdminKey, VirtualSmartCardManager } from 'virtual-smartcard';
    const stateDirectory = ${JSON.stringify(join(folder, 'store'))};
    const manager = await VirtualSmartCardManager.open({ stateDirectory, tpm: 'libtpms' });
    ${[first, ...others].join('')}
    console.log(plaintext.equals(data), spki.slice(0, 26), jwk.kty);
    console.log((await jwtVerify(jwt, key.publicKey)).payload.sub);
    await manager.close();`;
  await writeFile(join(folder, 'page.mjs'), withPlaces(program));
  const { stdout } = await run(process.execPath, ['--no-warnings', 'page.mjs'], { cwd: folder });
  expect(stdout.trim().split('\n')).toEqual([
    'true',
    'true',
    'true -----BEGIN PUBLIC KEY----- RSA',
    'alice',
  ]);
  const commands = blocks('sh');
  expect(commands).toHaveLength(2);
  for (const command of commands) {
    const { stdout: shown, stderr } = await run('sh', ['-ec', command], { cwd: folder });
    expect(stderr).toMatch(/Verification successful/);
    expect(shown).toContain('I owe you.');
  }
});

/** The packages by where they are, for a program outside of the clone. */
function withPlaces(program: string): string {
  const jose = pathToFileURL(fileURLToPath(import.meta.resolve('jose'))).href;
  return program
    .replaceAll("from 'virtual-smartcard'", `from '${LIBRARY}'`)
    .replaceAll("from 'jose'", `from '${jose}'`);
}
