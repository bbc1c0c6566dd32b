import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where jars are kept that every checkout and every data folder share. */
export function defaultCacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  const folder = base === undefined || base === '' ? join(homedir(), '.cache') : base;
  return join(folder, 'kineska');
}
