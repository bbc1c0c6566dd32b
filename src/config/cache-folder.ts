import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the engines' jars are kept, which every checkout and every data folder share. */
export function defaultCacheFolder(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'kineska');
}
