import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folder that has the running Node's headers below `include/node`: what node-gyp takes as
 * `--nodedir`, so that it downloads none. npm's own setting comes first, then the place beside the
 * running Node, where both the official builds and the distributions' packages keep them.
 *
 * @returns {string | undefined}
 */
export function findNodeHeaders() {
  const prefixes = [process.env.npm_config_nodedir, dirname(dirname(process.execPath))];
  return prefixes.find(
    (prefix) => prefix && existsSync(join(prefix, 'include', 'node', 'node_api.h')),
  );
}
