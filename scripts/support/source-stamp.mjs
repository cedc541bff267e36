import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './run.mjs';

/**
 * Tells whether a build's product was made from the sources as they are: a digest of both lies
 * beside the product. Content counts, not times, which a checkout or a copy does not keep.
 */
export class SourceStamp {
  #product;
  #file;
  #sources;

  /**
   * @param {{ product: string, sources: string[], conditions: string[] }} parts - `product`: the
   * file that the build makes; `sources`: files and folders; all relative to the clone.
   * `conditions`: what else the product depends on.
   */
  constructor({ product, sources, conditions }) {
    this.#product = product;
    this.#file = join(ROOT, dirname(product), '.sources');
    const named = sources.flatMap(filesOf).flatMap((path) => [path, contentOf(path)]);
    this.#sources = digest([...conditions, ...named]);
  }

  get isCurrent() {
    if (!existsSync(this.#file) || !existsSync(join(ROOT, this.#product))) return false;
    return readFileSync(this.#file, 'utf8') === this.#text();
  }

  write() {
    writeFileSync(this.#file, this.#text());
  }

  /** With the product's own digest, since it may be built without this stamp, too. */
  #text() {
    return `${this.#sources}\n${digest([contentOf(this.#product)])}\n`;
  }
}

function contentOf(path) {
  return readFileSync(join(ROOT, path));
}

/** Of the parts in their order, each with its length, so that no two lists have the same. */
function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}\n`).update(part);
  return hash.digest('hex');
}

/** The files below a path, sorted; none when it does not exist. */
function filesOf(path) {
  const absolute = join(ROOT, path);
  if (!existsSync(absolute)) return [];
  if (statSync(absolute).isFile()) return [path];
  return readdirSync(absolute, { recursive: true })
    .map((name) => `${path}/${name.replaceAll('\\', '/')}`)
    .filter((name) => statSync(join(ROOT, name)).isFile())
    .sort();
}
