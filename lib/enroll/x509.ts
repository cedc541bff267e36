import { createRequire } from 'node:module';

type X509 = typeof import('@peculiar/x509');

let loaded: X509 | undefined;

/**
 * The library that puts certificates and requests together, loaded at its first use.
 *
 * While it loads, its dependency injection asks for the functions of the `reflect-metadata`
 * proposal. It learns from them only that there is no metadata, so they are lent to it for just
 * that moment, and no other code ever meets them. It must load synchronously for that.
 */
export function x509(): X509 {
  loaded ??= withoutMetadata(() => createRequire(import.meta.url)('@peculiar/x509') as X509);
  return loaded;
}

function withoutMetadata<T>(load: () => T): T {
  if ('getMetadata' in Reflect) return load();
  const none = { configurable: true, value: () => undefined };
  Object.defineProperties(Reflect, { getMetadata: none, getOwnMetadata: none });
  try {
    return load();
  } finally {
    Reflect.deleteProperty(Reflect, 'getMetadata');
    Reflect.deleteProperty(Reflect, 'getOwnMetadata');
  }
}
