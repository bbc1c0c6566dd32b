import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder of the engines' jars, which all checkouts and data folders share. */
export function defaultCacheFolder(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'kineska');
}
