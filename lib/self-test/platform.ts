import { homedir, release, userInfo, version } from 'node:os';
import { readPackageFile } from '../package-file.js';
import type { SelfTestPlatform } from './report.js';

/** What the test runs on. */
export async function describePlatform(backend: 'embedded' | 'windows'): Promise<SelfTestPlatform> {
  return { backend, ...(await describeSystem()) };
}

/** This package, Node and the operating system. */
export async function describeSystem(): Promise<Omit<SelfTestPlatform, 'backend'>> {
  return {
    packageVersion: (await readPackageFile()).version,
    node: process.versions.node,
    nodeApi: process.versions['napi'] ?? 'none',
    arch: process.arch,
    platform: process.platform,
    osRelease: release(),
    osVersion: version(),
  };
}

/** Takes the user's name, which paths in error texts have in them, out of every text of a value. */
export function withoutUserName<T>(value: T): T {
  const names = userPatterns();
  const clean = (part: unknown): unknown => {
    if (typeof part === 'string')
      return names.reduce((text, name) => text.replace(name, '~'), part);
    if (Array.isArray(part)) return part.map(clean);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, clean(inner)]));
  };
  return clean(value) as T;
}

/** The home folder, and the user's name as a part of any other path. */
function userPatterns(): RegExp[] {
  const home = homedir();
  const name = userName();
  const patterns = home.length > 1 ? [new RegExp(escaped(home), 'gi')] : [];
  if (name) patterns.push(new RegExp(`(?<=[\\\\/])${escaped(name)}(?=[\\\\/]|$)`, 'g'));
  return patterns;
}

/** undefined for a user id that has no name. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // Some containers' users are in no list of users.
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
